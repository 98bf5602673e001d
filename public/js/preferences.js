/** Keeps the chosen language and colours. Without this script, the language and the colours are the browser's. */
(() => {
  const form = document.querySelector('[data-preferences]');
  const failed = form.querySelector('[data-preferences-failed]');
  const kept = new Map([...form.elements].map((field) => [field.name, field.value]));

  async function keep(name, value) {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ [name]: value }),
    });
    if (!response.ok) throw new Error(`preferences: ${response.status}`);
  }

  form.addEventListener('change', async ({ target }) => {
    const { name, value } = target;
    failed.hidden = true;
    try {
      await keep(name, value);
      kept.set(name, value);
      if (name === 'theme') document.documentElement.dataset.theme = value;
      else window.location.reload();
    } catch {
      target.value = kept.get(name);
      failed.hidden = false;
    }
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  form.hidden = false;
})();
