import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROJECT = path.resolve(__dirname, '../..');

/** The built server as a process of its own, which can be killed and started again on the same data. */
export class ServerProcess {
  private child: ChildProcess | undefined;
  private output = '';

  private constructor(
    readonly directory: string,
    readonly port: number,
    private readonly settings: Record<string, string>,
  ) {}

  /** @param settings as in the environment */
  static async start(directory: string, settings: Record<string, string> = {}): Promise<ServerProcess> {
    const server = new ServerProcess(directory, await freePort(), settings);
    await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Milliseconds from the start of the process to its first answer. */
  async start(): Promise<number> {
    const begun = performance.now();
    const child = spawn(process.execPath, startArguments(), {
      cwd: this.directory,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        PORT: String(this.port),
        DATA_DIR: path.join(this.directory, 'data'),
        UPLOADS_DIR: path.join(this.directory, 'uploads'),
        BLOB_GRACE_MINUTES: '1',
        ...this.settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => (this.output = (this.output + text.toString()).slice(-20_000)));
    }
    while (!(await answers(`${this.url}/readyz`))) {
      if (child.exitCode !== null) throw new Error(`the server ended at its start:\n${this.output}`);
      await sleep(5);
    }
    return performance.now() - begun;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** Resident memory in MiB: now, and the most it ever was. */
  async memory(): Promise<{ now: number; peak: number }> {
    const status = await readFile(`/proc/${this.child?.pid ?? 0}/status`, 'utf8');
    const read = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) / 1024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

/** What `npm start` passes to node; npm itself would stand between us and the process to be killed. */
function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  const [, ...args] = scripts.start.split(' ');
  return args.map((argument) => (argument.startsWith('-') ? argument : path.join(PROJECT, argument)));
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** A port of loopback on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
