const base = require('./jest.config.js');

/** The API suite on the stores in their real forms: see scripts/test-stores.ts. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/api', '<rootDir>/test/realtime'],
  testTimeout: 180_000,
};
