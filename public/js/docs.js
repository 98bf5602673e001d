/** Shows /openapi.json with Swagger UI, in the colours that the reader's system asks for. */
(() => {
  const target = document.getElementById('reference');
  const loading = document.querySelector('[data-docs="loading"]');
  const failed = document.querySelector('[data-docs="failed"]');

  function fail() {
    loading.hidden = true;
    failed.hidden = false;
  }

  // Swagger UI knows dark colours by a class on the root, not by the media query.
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', follow);
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
