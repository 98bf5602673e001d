/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Those need Chromium and other programs: jest.browser.config.js, jest.clients.config.js. And those need servers: jest.stores.config.js.
  testPathIgnorePatterns: ['/node_modules/', '/test/browser/', '/test/clients/', '/test/stores/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  collectCoverageFrom: ['src/**/*.ts', '!src/bin/**'],
  coverageProvider: 'v8',
  maxWorkers: 2,
  // Machines are slow at times; no test is about how fast something is.
  testTimeout: 60_000,
};
