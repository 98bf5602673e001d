import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { freePort } from './server-process';

/** Programs that only administrators have in their path. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

/** A MariaDB of its own on loopback, with data in a temporary folder. */
export interface MariaDb {
  /** Of the server, without a database. */
  url: string;
  /** It keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its data. */
  stop: () => Promise<void>;
}

/** @throws when the programs of MariaDB are not there; on Debian they are in the package `mariadb-server` */
export async function startMariaDb(): Promise<MariaDb> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-mariadb-'));
  const data = path.join(directory, 'data');
  const env = { PATH, LC_ALL: 'C.UTF-8' };
  // Run by root, it would refuse to start unless told so.
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal'];
  try {
    await promisify(execFile)('mariadb-install-db', [...install, '--skip-test-db', ...user], { env });
    const port = await freePort();
    const place = [`--datadir=${data}`, `--socket=${directory}/socket`, `--pid-file=${directory}/pid`];
    const address = ['--bind-address=127.0.0.1', `--port=${port}`];
    // Tests make and drop hundreds of databases; nothing here has to survive a power cut.
    const speed = ['--innodb-flush-log-at-trx-commit=0', '--sync-binlog=0', '--skip-name-resolve'];
    const child = spawn('mariadbd', ['--no-defaults', ...user, ...place, ...address, ...speed], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const url = `mysql://root@127.0.0.1:${port}`;
    await answers(child, url);
    return {
      url,
      pause: () => child.kill('SIGSTOP'),
      resume: () => child.kill('SIGCONT'),
      async stop() {
        await end(child);
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function answers(child: ChildProcess, url: string): Promise<void> {
  let output = '';
  child.stderr?.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-4000)));
  await once(child, 'spawn');
  while (child.exitCode === null) {
    try {
      const connection = await createConnection(url);
      await connection.end();
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`mariadbd ended at its start:\n${output}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGKILL');
  await exited;
}
