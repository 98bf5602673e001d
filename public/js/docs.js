/** Shows /openapi.json with Swagger UI, in the colours that the reader or the reader's system asks for. */
(() => {
  const target = document.getElementById('reference');
  const loading = document.querySelector('[data-docs="loading"]');
  const failed = document.querySelector('[data-docs="failed"]');

  function fail() {
    loading.hidden = true;
    failed.hidden = false;
  }

  // Swagger UI knows dark colours by a class on the root, not by the media query.
  const root = document.documentElement;
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  function follow() {
    const { theme } = root.dataset;
    root.classList.toggle('dark-mode', theme === 'dark' || (theme !== 'light' && system.matches));
  }
  system.addEventListener('change', follow);
  new window.MutationObserver(follow).observe(root, { attributeFilter: ['data-theme'] });
  follow();

  loading.hidden = false;
  if (typeof window.SwaggerUIBundle !== 'function') {
    fail();
    return;
  }
  fetch(target.dataset.source, { headers: { Accept: 'application/json' } })
    .then((response) => {
      if (!response.ok) throw new Error(`OpenAPI document: ${response.status}`);
      return response.json();
    })
    .then((spec) => {
      window.SwaggerUIBundle({
        spec,
        domNode: target,
        presets: [window.SwaggerUIBundle.presets.apis],
        layout: 'BaseLayout',
        deepLinking: true,
        docExpansion: 'list',
        defaultModelsExpandDepth: 0,
        displayRequestDuration: true,
        validatorUrl: null,
      });
      loading.hidden = true;
    })
    .catch(fail);
})();
