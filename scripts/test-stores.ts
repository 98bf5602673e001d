import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { startMariaDb } from '../test/support/mariadb';
import { RedisServer } from '../test/support/redis';
import { removeRun } from '../test/support/run-clean-up';
import { MINIO_CREDENTIALS, startFerretDb, startMinio } from '../test/support/test-servers';

const PROJECT = path.resolve(__dirname, '..');

const USAGE = `npm run test:stores -- [--all] [--contracts] [part of a test's path ...]

Runs the contract suites on the stores in their real forms, and then the API suite on all of them together. A server that
a variable names is used (TEST_DATABASE_URL, TEST_REDIS_URL, TEST_MONGO_URL, TEST_S3_ENDPOINT with TEST_S3_BUCKET,
TEST_S3_ACCESS_KEY_ID, TEST_S3_SECRET_ACCESS_KEY); else one is started on loopback, with data in a temporary folder.

  --all        a server that is not there is a failure
  --contracts  leaves the API suite out
`;

interface Running {
  /** What tells tests where it is. */
  environment: Record<string, string>;
  stop: () => Promise<void>;
}

interface Kind {
  name: string;
  /** Names the server when somebody else started it. */
  variable: string;
  /** Its tests have this in their names. */
  mark: string;
  needs: string;
  start: () => Promise<Running>;
}

const KINDS: Kind[] = [
  {
    name: 'MySQL (MariaDB)',
    variable: 'TEST_DATABASE_URL',
    mark: 'mysql',
    needs: 'mariadbd, of the package mariadb-server',
    async start() {
      const { url, stop } = await startMariaDb();
      return { environment: { TEST_DATABASE_URL: url }, stop };
    },
  },
  {
    name: 'Redis',
    variable: 'TEST_REDIS_URL',
    mark: 'redis',
    needs: 'redis-server, of the package of that name',
    async start() {
      const server = await RedisServer.start();
      return { environment: { TEST_REDIS_URL: `${server.url}/0` }, stop: () => server.remove() };
    },
  },
  {
    name: 'MongoDB (FerretDB)',
    variable: 'TEST_MONGO_URL',
    mark: 'mongo',
    needs: 'Go, and the module proxy to build it',
    async start() {
      const { port, stop } = await startFerretDb();
      // Its updates of one document are not atomic over several connections, as those of MongoDB are.
      return { environment: { TEST_MONGO_URL: `mongodb://127.0.0.1:${port}/?maxPoolSize=1` }, stop };
    },
  },
  {
    name: 'S3 (MinIO)',
    variable: 'TEST_S3_ENDPOINT',
    mark: 's3',
    needs: 'Go, and the module proxy to build it, which takes minutes the first time',
    async start() {
      const { port, stop } = await startMinio();
      const { accessKeyId, secretAccessKey } = MINIO_CREDENTIALS;
      const environment = {
        TEST_S3_ENDPOINT: `http://127.0.0.1:${port}`,
        TEST_S3_ACCESS_KEY_ID: accessKeyId,
        TEST_S3_SECRET_ACCESS_KEY: secretAccessKey,
      };
      return { environment, stop };
    },
  },
];

/** What came of one step; a failure when `isWell` is false. */
interface Line {
  what: string;
  outcome: string;
  isWell: boolean;
}

async function main(): Promise<void> {
  const parameters = process.argv.slice(2);
  const unknown = parameters.find((one) => one.startsWith('-') && !['--all', '--contracts'].includes(one));
  if (unknown !== undefined) {
    process.stdout.write(USAGE);
    process.exitCode = unknown === '--help' ? 0 : 2;
    return;
  }
  const needsAll = parameters.includes('--all');
  const patterns = parameters.filter((one) => !one.startsWith('-'));
  const lines: Line[] = [];
  const running: Running[] = [];
  const missing: Kind[] = [];
  const environment: Record<string, string> = { TEST_RUN: randomBytes(4).toString('hex') };
  try {
    for (const kind of KINDS) {
      const begun = await begin(kind, needsAll);
      lines.push(begun.line);
      if (begun.running) running.push(begun.running);
      else missing.push(kind);
      Object.assign(environment, begun.running?.environment);
    }
    const excluded = missing.map(({ mark }) => `\\.${mark}\\.`);
    lines.push(await jest('contracts', 'jest.stores.config.js', environment, { patterns, excluded }));
    if (missing.length > 0)
      lines.push({ what: 'API suite', outcome: 'skipped: not all servers', isWell: true });
    else if (!parameters.includes('--contracts')) {
      const real = { ...environment, FERRY_TEST_STORES: 'real' };
      lines.push(await jest('API suite', 'jest.stores-api.config.js', real, { patterns, excluded: [] }));
    }
  } finally {
    await removeRun(environment).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    for (const { stop } of running) await stop();
  }
  process.stdout.write(`\n${table(lines)}\n`);
  process.exitCode = lines.every(({ isWell }) => isWell) ? 0 : 1;
}

async function begin(kind: Kind, needsAll: boolean): Promise<{ line: Line; running: Running | null }> {
  const given = process.env[kind.variable];
  if (given) {
    const line = { what: kind.name, outcome: `as ${kind.variable} says`, isWell: true };
    return { line, running: { environment: givenEnvironment(kind), stop: () => Promise.resolve() } };
  }
  process.stdout.write(`starting ${kind.name}\n`);
  try {
    const running = await kind.start();
    return { line: { what: kind.name, outcome: 'started for this run', isWell: true }, running };
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    const outcome = `${needsAll ? 'MISSING' : 'skipped'}: needs ${kind.needs} (${reason})`;
    return { line: { what: kind.name, outcome, isWell: !needsAll }, running: null };
  }
}

/** Its variable, and those whose names go on from there. */
function givenEnvironment({ variable }: Kind): Record<string, string> {
  const begin = variable.replace(/_(URL|ENDPOINT)$/, '');
  const given = Object.entries(process.env).filter(([key]) => key.startsWith(begin));
  return Object.fromEntries(given.map(([key, value]) => [key, value ?? '']));
}

/** Runs tests, whose output goes where ours goes. */
function jest(
  what: string,
  config: string,
  environment: Record<string, string>,
  { patterns, excluded }: { patterns: string[]; excluded: string[] },
): Promise<Line> {
  const begun = performance.now();
  const ignored = excluded.flatMap((pattern) => ['--testPathIgnorePatterns', pattern]);
  const child = spawn(
    process.execPath,
    [
      require.resolve('jest/bin/jest'),
      '--config',
      config,
      ...(patterns.length > 0 ? ['--passWithNoTests'] : []),
      ...ignored,
      '--testPathPatterns',
      ...(patterns.length > 0 ? patterns : ['.']),
    ],
    { cwd: PROJECT, env: { ...process.env, ...environment }, stdio: 'inherit' },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      const seconds = Math.round((performance.now() - begun) / 1000);
      resolve({ what, outcome: `${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s`, isWell: code === 0 });
    });
  });
}

function table(lines: Line[]): string {
  const width = Math.max(...lines.map(({ what }) => what.length));
  return lines.map(({ what, outcome }) => `  ${what.padEnd(width)}  ${outcome}\n`).join('');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
