/** Plays the phone of a sign-in by QR code, in development: signs in by tokens, scans, and asks. */
(() => {
  const AUTH = '/api/v1/auth';
  const KEPT = 'ferry.dev-phone';
  const part = (name) => document.querySelector(`[data-phone="${name}"]`);
  const [signIn, scan, ask] = ['sign-in', 'scan', 'ask'].map(part);
  /** The sign-in of this phone: `{token, name}`. */
  let holder = JSON.parse(window.sessionStorage.getItem(KEPT) ?? 'null');
  /** What was scanned. */
  let asked = null;

  function say(what, text) {
    for (const line of document.querySelectorAll('[data-said]')) line.hidden = line.dataset.said !== what;
    if (text) document.querySelector(`[data-said="${what}"]`).textContent = text;
  }

  /** @returns the body of a success; null for anything else, which has been said then */
  async function call(path, body) {
    try {
      const response = await fetch(`${AUTH}${path}`, {
        method: 'POST',
        headers: {
          Accept: 'application/json',
          'Content-Type': 'application/json',
          ...(holder && { Authorization: `Bearer ${holder.token}` }),
        },
        body: JSON.stringify(body),
      });
      const answer = JSON.parse((await response.text()) || '{}');
      if (response.ok) return answer;
      if (response.status === 401 && holder) hold(null);
      say('problem', `${answer.title}. ${answer.detail}`);
    } catch {
      say('offline');
    }
    return null;
  }

  function hold(next) {
    holder = next;
    window.sessionStorage.setItem(KEPT, JSON.stringify(next));
    signIn.hidden = next !== null;
    scan.hidden = next === null;
    ask.hidden = true;
    if (next) document.querySelector('[data-who]').textContent = next.name;
  }

  function credentials({ how, name, password }) {
    if (how.value === 'wechat') return ['/wechat', { code: `dev:${name.value}` }];
    return [
      how.value === 'register' ? '/register' : '/login',
      { username: name.value, password: password.value },
    ];
  }

  /** The whole link of the QR code, or the ticket alone. */
  function ticketIn(text) {
    return /(?:^|[?&]t=)([\w-]{22})(?:$|[&#])/.exec(text.trim())?.[1];
  }

  function choose() {
    const needsPassword = signIn.elements.how.value !== 'wechat';
    signIn.elements.password.required = needsPassword;
    part('password').hidden = !needsPassword;
  }

  signIn.addEventListener('change', choose);
  signIn.addEventListener('submit', async (event) => {
    event.preventDefault();
    say(null);
    const answer = await call(...credentials(signIn.elements));
    if (!answer) return;
    hold({ token: answer.accessToken, name: answer.user.displayName });
    scan.elements.ticket.focus();
  });

  scan.addEventListener('submit', async (event) => {
    event.preventDefault();
    const ticket = ticketIn(scan.elements.ticket.value);
    say(ticket ? null : 'no-ticket');
    asked = ticket ? await call('/qr/scan', { ticket }) : null;
    ask.hidden = asked === null;
    if (!asked) return;
    const shown = {
      ...asked,
      createdAt: new Date(asked.createdAt).toLocaleString(document.documentElement.lang),
    };
    for (const place of ask.querySelectorAll('[data-ask]')) place.textContent = shown[place.dataset.ask];
    ask.querySelector('h2').focus();
  });

  for (const button of ask.querySelectorAll('[data-approve]')) {
    button.addEventListener('click', async () => {
      const approve = button.dataset.approve === 'yes';
      const answer = await call('/qr/confirm', { id: asked.id, approve });
      ask.hidden = true;
      if (answer) say(approve ? 'approved' : 'refused');
      scan.elements.ticket.focus();
    });
  }

  part('sign-out').addEventListener('click', async () => {
    await call('/logout', {});
    say(null);
    hold(null);
    signIn.elements.name.focus();
  });

  scan.elements.ticket.value = ticketIn(window.location.search) ?? '';
  signIn.querySelector('[type="submit"]').disabled = false;
  choose();
  hold(holder);
})();
