import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './server-process';

/** The Redis that tests may use; their keys begin with prefixes of their own. */
export function redisServerUrl(): string {
  const given = process.env.TEST_REDIS_URL;
  if (given === undefined || given === '')
    throw new Error('TEST_REDIS_URL should name a Redis server, e.g. redis://127.0.0.1:6379/0');
  return given;
}

/** A prefix that nobody else has. */
export function freshPrefix(): string {
  return `ferry-test-${randomBytes(6).toString('hex')}:`;
}

interface RedisServerOptions {
  /** Whether it keeps what it acknowledged over a crash. */
  appendOnly?: boolean;
  /** More of its configuration, e.g. `['--requirepass', 'secret']`. */
  settings?: string[];
  /** Makes it a Sentinel with this configuration. */
  sentinel?: string;
}

/** A Redis of its own on loopback, which can be killed, stopped for a while, and started again on the same data. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(
    readonly directory: string,
    readonly port: number,
    private readonly args: string[],
  ) {}

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const { appendOnly = false, settings = [], sentinel } = options;
    const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-redis-'));
    const keeping = appendOnly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
    const args = sentinel === undefined ? ['--save', '', ...keeping] : ['--sentinel'];
    // A Sentinel keeps in it what it finds out.
    const file = path.join(directory, 'redis.conf');
    await writeFile(file, sentinel ?? '');
    const server = new RedisServer(directory, await freePort(), [file, ...args, ...settings]);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const place = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.directory];
    const child = spawn('redis-server', [...this.args, ...place], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-4000)));
    this.child = child;
    await once(child, 'spawn');
    while (!(await this.answers())) {
      if (child.exitCode !== null) throw new Error(`redis-server ended at its start:\n${output}`);
      await sleep(10);
    }
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** It keeps its connections and answers nothing. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Sends commands as a person would type them. @returns what comes back, as it comes */
  ask(...lines: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = net.connect(this.port, '127.0.0.1', () => {
        socket.write([...lines, 'quit'].map((line) => `${line}\r\n`).join(''));
      });
      socket.on('data', (text: Buffer) => (answer += text.toString()));
      // A Sentinel knows no farewell.
      socket.setTimeout(1000, () => socket.destroy());
      socket.once('error', reject);
      socket.once('close', () => resolve(answer));
    });
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    try {
      const answer = await this.ask('ping');
      return /^(\+PONG|-NOAUTH)/.test(answer);
    } catch {
      return false;
    }
  }
}
