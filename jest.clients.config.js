const base = require('./jest.config.js');

/** Programs that people download with, which a machine may not have: apart from the other tests. */
module.exports = {
  ...base,
  testPathIgnorePatterns: ['/node_modules/'],
  roots: ['<rootDir>/test/clients'],
  maxWorkers: 1,
};
