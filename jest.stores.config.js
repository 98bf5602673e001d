const base = require('./jest.config.js');

/**
 * The stores in their real forms, on servers that a machine may not have. Each is named by a variable, without which its
 * tests fail.
 */
module.exports = {
  ...base,
  testPathIgnorePatterns: ['/node_modules/'],
  roots: ['<rootDir>/test/stores'],
  maxWorkers: 1,
  // A server that stands in for another one may be slow.
  testTimeout: 180_000,
};
