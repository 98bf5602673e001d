/** Signs in with a password or by a QR code, and out again. Every word is in the page; this moves `hidden`. */
(() => {
  const AUTH = '/api/v1/auth';
  const CODE_SECONDS = 120;
  /** A page that is left open does not ask for codes for ever. */
  const MOST_RENEWALS = 5;
  const LONGEST_PAUSE = 10_000;
  /** Pixels of the place for the QR code. */
  const WIDEST_IMAGE = 256;

  /** @returns the answer; an error of the network is thrown */
  async function call(method, path, { body, signal } = {}) {
    const response = await fetch(`${AUTH}${path}`, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body && { 'Content-Type': 'application/json' }),
      },
      cache: 'no-store',
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, headers: response.headers, body: parse(text) };
  }

  /** A proxy on the way may answer with something else than JSON. */
  function parse(text) {
    try {
      return JSON.parse(text) ?? {};
    } catch {
      return {};
    }
  }

  function pause(milliseconds) {
    return new Promise((resolve) => {
      window.setTimeout(resolve, milliseconds);
    });
  }

  /** `90` → `2 minutes`, in the language of the page. */
  function describeWait(seconds) {
    const [count, unit] = seconds > 60 ? [Math.ceil(seconds / 60), 'minute'] : [seconds, 'second'];
    return new Intl.NumberFormat(document.documentElement.lang, {
      style: 'unit',
      unit,
      unitDisplay: 'long',
    }).format(count);
  }

  /** Shows why a form was refused; nothing for null. */
  function explain(form, answer) {
    const scope = form.closest('.panel');
    const known = (code) => scope.querySelector(`[data-failure="${code}"]`);
    const code =
      answer && (known(answer.body?.code) ? answer.body.code : answer.ok === null ? 'offline' : 'other');
    if (code === 'rate_limited') {
      known(code).querySelector('[data-wait]').textContent = describeWait(
        Number(answer.headers.get('Retry-After')) || 60,
      );
    }
    for (const message of scope.querySelectorAll('[data-failure]')) {
      message.hidden = message.dataset.failure !== code;
    }
    return code;
  }

  /** Sends a form by `send`; while it is on its way the button says so and takes no second press. */
  function submitBy(form, send, onFailure = () => undefined) {
    const button = form.querySelector('[type="submit"]');
    const idle = button.textContent;
    let busy = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      explain(form, null);
      // Not `disabled`: that would take the focus away.
      button.setAttribute('aria-disabled', 'true');
      button.textContent = button.dataset.busy;
      const answer = await send().catch(() => ({ ok: null }));
      if (answer.ok) {
        window.location.reload();
        return;
      }
      busy = false;
      button.removeAttribute('aria-disabled');
      button.textContent = idle;
      onFailure(explain(form, answer));
    });
    button.disabled = false;
  }

  function offerPassword(form) {
    const { username, password } = form.elements;
    const tick = form.querySelector('[data-show-password]');
    tick.addEventListener('change', () => {
      password.type = tick.checked ? 'text' : 'password';
    });
    submitBy(
      form,
      () => call('POST', '/session', { body: { username: username.value, password: password.value } }),
      (code) => {
        const wrong = code === 'invalid_credentials';
        for (const field of [username, password]) {
          field.setAttribute('aria-invalid', String(wrong));
          if (wrong) field.setAttribute('aria-describedby', 'failure');
          else field.removeAttribute('aria-describedby');
        }
        if (!wrong) return;
        password.focus();
        password.select();
      },
    );
  }

  function offerQr(panel) {
    const image = panel.querySelector('[data-qr-image]');
    const life = panel.querySelector('[data-qr-life]');
    const renewButton = panel.querySelector('[data-qr-renew]');
    let watching = new window.AbortController();
    let renewals = 0;
    let endsAt = 0;

    /** Touches nothing that is right already, so that nothing is announced twice. */
    function show(state) {
      if (panel.dataset.qr === state) return;
      const hadFocus = document.activeElement === renewButton;
      panel.dataset.qr = state;
      for (const words of panel.querySelectorAll('[data-qr-words]')) {
        words.hidden = words.dataset.qrWords !== state;
      }
      // A button that vanishes under the focus would send it to the top of the page.
      if (hadFocus && renewButton.offsetParent === null) panel.focus();
    }

    function fill(name, text) {
      for (const place of panel.querySelectorAll(`[data-qr-${name}]`)) place.textContent = text;
    }

    function secondsLeft() {
      return Math.max(0, (endsAt - Date.now()) / 1000);
    }

    /** In whole pixels for each module, so that the edges are sharp. */
    function draw(svg) {
      const modules = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
      const size = Math.max(1, Math.floor(WIDEST_IMAGE / modules)) * modules;
      image.width = size;
      image.height = size;
      image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
      image.hidden = false;
    }

    /** Gets a code and watches what becomes of it. `quietly`: the one before stays until then. */
    async function renew({ quietly }) {
      watching.abort();
      watching = new window.AbortController();
      const { signal } = watching;
      if (!quietly) show('loading');
      const answer = await persist(() => call('POST', '/qr', { signal }), signal);
      if (!answer) return;
      if (!answer.ok) {
        show(answer.status === 429 ? 'limited' : 'failed');
        return;
      }
      const { id, qrSvg, expiresAt } = answer.body;
      // By the server's clock: that of this machine may be wrong.
      const seconds = (Date.parse(expiresAt) - Date.parse(answer.headers.get('Date'))) / 1000;
      endsAt = Date.now() + Math.min(seconds || CODE_SECONDS, CODE_SECONDS) * 1000;
      draw(qrSvg);
      life.value = CODE_SECONDS;
      show('created');
      await watch(id, signal);
    }

    /** Calls until the service answers, in longer and longer intervals. @returns null once it is called off */
    async function persist(request, signal) {
      for (let wait = 1000; !signal.aborted; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
        const answer = await request().catch(() => null);
        if (signal.aborted) return null;
        if (answer && answer.status < 500) return answer;
        show('offline');
        await pause(wait);
      }
      return null;
    }

    async function watch(id, signal) {
      for (let known = 'created'; known === 'created' || known === 'scanned';) {
        const before = known;
        const answer = await persist(() => {
          // After a break the first answer should not take long, because until then the page says that there is none.
          const wait = panel.dataset.qr === 'offline' ? 0 : 25;
          return call('GET', `/qr/${id}?wait=${wait}&state=${before}`, { signal });
        }, signal);
        if (!answer) return;
        const { state, matchCode, scannedBy } = answer.ok ? answer.body : { state: lost() };
        known = state;
        fill('match', matchCode ?? '');
        fill('who', scannedBy?.displayName ?? '');
        if (known === 'expired') await expire(before);
        else show(known);
        if (known === 'confirmed') await claim(id, signal);
        // A server that is about to stop answers at once.
        if (known === before) await pause(1000);
      }
    }

    /** The cookie is gone: with its time, or because another window of this browser got a newer one. */
    function lost() {
      return secondsLeft() === 0 ? 'expired' : 'replaced';
    }

    async function expire(known) {
      if (known === 'created' && !document.hidden && renewals < MOST_RENEWALS) {
        renewals += 1;
        await renew({ quietly: true });
      } else {
        show('expired');
      }
    }

    async function claim(id, signal) {
      let tries = 0;
      const answer = await persist(() => {
        tries += 1;
        return call('POST', `/qr/${id}/claim`, { signal });
      }, signal);
      if (!answer) return;
      // After a lost answer a second try is refused, and the page as it is then tells whether the first one got in.
      if (answer.ok || tries > 1) window.location.reload();
      else show('expired');
    }

    renewButton.addEventListener('click', () => {
      renewals = 0;
      void renew({ quietly: false });
    });
    document.addEventListener('visibilitychange', () => {
      const asleep = panel.dataset.qr === 'expired' && renewals < MOST_RENEWALS;
      if (!document.hidden && asleep) void renew({ quietly: false });
    });
    window.addEventListener('pagehide', () => watching.abort());
    window.setInterval(() => {
      life.value = secondsLeft();
    }, 1000);
    void renew({ quietly: false });
  }

  // Kept by the browser and shown again: what it says may be long over.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) window.location.reload();
  });
  document.querySelectorAll('[data-password]').forEach(offerPassword);
  document.querySelectorAll('[data-qr]').forEach(offerQr);
  document.querySelectorAll('[data-sign-out]').forEach((form) => {
    submitBy(form, () => call('DELETE', '/session'));
  });
})();
