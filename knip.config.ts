import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'src/bin/user.ts',
    'src/client/{index,wx}.ts',
    'test/**/*.test.ts',
    'test/clients/*.js',
    'bench/*.ts',
    'scripts/*.ts',
    'public/js/*.js',
  ],
  project: ['src/**/*.{ts,js}', 'test/**/*.{ts,js}', 'bench/**/*.ts', 'scripts/**/*.ts', 'public/**/*.js'],
  ignoreExportsUsedInFile: { interface: true, type: true },
  ignoreIssues: {
    // The whole catalogue is the contract, also where no code throws an error of it yet.
    'src/errors.ts': ['exports'],
  },
  // Programs of the system, which the tests and benches that need them name when they are missing.
  ignoreBinaries: ['taskset', 'mount', 'umount', 'nginx', 'redis-server', 'mariadbd'],
};

export default config;
