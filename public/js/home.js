/** Keeps the state of the service fresh while the page is seen, and copies the commands. */
(() => {
  const INTERVAL = 5_000;
  const PATIENCE = 4_000;
  const CONFIRMATION = 2_000;

  /** Shows the child that carries this state; touches nothing when it is shown already, so that nothing is announced. */
  function show(name, state) {
    for (const group of document.querySelectorAll(`[data-states="${name}"]`)) {
      for (const child of group.querySelectorAll('[data-state]')) {
        const hidden = child.dataset.state !== state;
        if (child.hidden !== hidden) child.hidden = hidden;
      }
    }
  }

  function watchStatus(panel) {
    const names = [...panel.querySelectorAll('[data-states]')]
      .map((group) => group.dataset.states)
      .filter((name) => name !== 'overall');
    const checked = panel.querySelector('[data-checked]');
    let timer;

    function stamp() {
      const now = new Date();
      const time = checked.querySelector('time');
      time.dateTime = now.toISOString();
      time.textContent = now.toLocaleTimeString(document.documentElement.lang);
      checked.hidden = false;
    }

    async function check() {
      const abort = new window.AbortController();
      const limit = window.setTimeout(() => abort.abort(), PATIENCE);
      try {
        const options = { headers: { Accept: 'application/json' }, cache: 'no-store', signal: abort.signal };
        const response = await fetch(panel.dataset.status, options);
        // 503 is an answer too: it names the stores that are down.
        const { stores } = await response.json();
        const state = new Map(stores.map((store) => [store.name, store.up ? 'up' : 'down']));
        for (const name of names) show(name, state.get(name) ?? 'unknown');
        show('overall', response.ok ? 'up' : 'down');
      } catch {
        for (const name of names) show(name, 'unknown');
        show('overall', 'unknown');
      } finally {
        window.clearTimeout(limit);
      }
      stamp();
    }

    /** One chain of checks at a time: whoever plans the next one cancels what was planned before. */
    function plan(delay) {
      window.clearTimeout(timer);
      timer = window.setTimeout(async () => {
        await check();
        if (!document.hidden) plan(INTERVAL);
      }, delay);
    }

    document.addEventListener('visibilitychange', () => {
      if (document.hidden) window.clearTimeout(timer);
      else plan(0);
    });
    // The page came with the state of this moment.
    stamp();
    plan(INTERVAL);
  }

  /** Leaves the commands selected where the clipboard is out of reach: over http, or refused. */
  function select(source) {
    const selection = window.getSelection();
    selection.removeAllRanges();
    const range = document.createRange();
    range.selectNodeContents(source);
    selection.addRange(range);
  }

  async function copy(source) {
    if (window.navigator.clipboard) {
      try {
        await window.navigator.clipboard.writeText(`${source.textContent}\n`);
        return true;
      } catch {
        // The permission may be refused; the older way below needs none.
      }
    }
    select(source);
    return document.execCommand('copy');
  }

  function offerCopy(root) {
    const button = root.querySelector('[data-copy]');
    const source = root.querySelector('[data-copy-source] code');
    let timer;
    const say = (word) => {
      for (const child of button.children) child.hidden = child.dataset.copyWord !== word;
    };
    button.addEventListener('click', async () => {
      say((await copy(source)) ? 'done' : 'failed');
      window.clearTimeout(timer);
      timer = window.setTimeout(() => say('idle'), CONFIRMATION);
    });
    button.setAttribute('aria-live', 'polite');
    button.hidden = false;
  }

  document.querySelectorAll('[data-status]').forEach(watchStatus);
  document.querySelectorAll('[data-copy-root]').forEach(offerCopy);
})();
