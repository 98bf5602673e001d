/** The one way down: routes → controllers → services → models. Every rule below forbids one way up. */
const services = '^src/services';
const models = '^src/models';
module.exports = {
  forbidden: [
    {
      name: 'models-know-no-layer-above',
      severity: 'error',
      from: { path: models },
      to: { path: '^src/(services|controllers|routes|middleware|presenters|schemas|transports|app|bin)' },
    },
    {
      name: 'services-know-no-http-layer',
      severity: 'error',
      from: { path: services },
      to: { path: '^src/(controllers|routes|middleware|presenters|schemas|transports|app|bin)' },
    },
    {
      name: 'services-and-models-know-no-koa',
      severity: 'error',
      from: { path: `(${services}|${models})` },
      to: { path: 'node_modules/(@koa/|koa)' },
    },
    {
      name: 'pure-http-rules-reach-nothing',
      comment: 'services/http holds pure functions: no store, no service, no I/O.',
      severity: 'error',
      from: { path: '^src/services/http' },
      to: {
        path: '(^src/(models|services/(?!http))|^(node:)?(fs|net|http|https|child_process|worker_threads)(/|$))',
      },
    },
    {
      name: 'controllers-and-transports-know-no-model',
      comment: 'Types of records may be named; code of a store may not be reached.',
      severity: 'error',
      from: { path: '^src/(controllers|routes|middleware|presenters|transports)' },
      to: { path: models, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'controllers-know-no-routes',
      severity: 'error',
      from: { path: '^src/controllers' },
      to: { path: '^src/(routes|app|bin)' },
    },
    {
      name: 'nothing-imports-the-process',
      severity: 'error',
      from: { path: '^src/(?!bin)' },
      to: { path: '^src/bin' },
    },
    {
      name: 'client-stands-alone',
      comment: 'It runs in browsers and mini-programs: nothing of the server, of Node or of a package.',
      severity: 'error',
      from: { path: '^src/client' },
      to: { pathNot: '^src/client' },
    },
    {
      name: 'nothing-imports-the-client',
      severity: 'error',
      from: { path: '^src/(?!client)' },
      to: { path: '^src/client' },
    },
    {
      name: 'no-circle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
