const base = require('./jest.config.js');

/** The pages in Chromium, which a machine may not have: apart from the other tests. */
module.exports = {
  ...base,
  testPathIgnorePatterns: ['/node_modules/'],
  roots: ['<rootDir>/test/browser'],
  testTimeout: 60_000,
  maxWorkers: 1,
};
