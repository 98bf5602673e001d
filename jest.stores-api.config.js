const base = require('./jest.config.js');

/**
 * The API suite on the stores in their real forms: see scripts/test-stores.ts. Left out is what would tell nothing more:
 * - what looks into the folder of a disk or the file of SQLite, or damages them,
 * - writers of one document in their dozens, whom FerretDB's single connection makes wait for longer than a request
 *   may: the contract suite has them on it, too,
 * - pages, static files, and what touches no store.
 */
const LEFT_OUT = [
  'archives-transfer',
  'auth\\.refresh',
  'comments',
  'content',
  'documents',
  'documents-search',
  'documents-limits',
  'documents-store-down',
  'http[^/]*',
  'static[^/]*',
  'manifests',
  'uploads-two-processes',
  'content-[^/]*',
];

module.exports = {
  ...base,
  roots: ['<rootDir>/test/api'],
  testPathIgnorePatterns: [
    ...base.testPathIgnorePatterns.filter((pattern) => !pattern.includes('stores')),
    ...LEFT_OUT.map((name) => `/api/${name}\\.test\\.ts$`),
  ],
  testTimeout: 180_000,
};
