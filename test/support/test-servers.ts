import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './server-process';

const PROJECT = path.resolve(__dirname, '../..');

/** A server of its own on loopback, with data in a temporary folder. */
export interface TestServer {
  port: number;
  pause(): void;
  resume(): void;
  /** Ends it and removes its data. */
  stop: () => Promise<void>;
}

interface Program {
  file: string;
  environment?: Record<string, string>;
  argumentsOf: (port: number, directory: string) => string[];
}

/** Starts a program and waits until it takes connections. @throws when it ends instead */
async function startServer(name: string, { file, environment, argumentsOf }: Program): Promise<TestServer> {
  const directory = await mkdtemp(path.join(os.tmpdir(), `ferry-${name}-`));
  const port = await freePort();
  const child = spawn(file, argumentsOf(port, directory), {
    env: { PATH: process.env['PATH'], HOME: directory, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-4000)));
  }
  await once(child, 'spawn');
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended at its start:\n${output}`);
    await sleep(50);
  }
  return {
    port,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async stop() {
      await end(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/**
 * Builds a server of test/servers from its Go module, which takes minutes the first time.
 * @returns where the program is
 * @throws when there is no Go, or no way to the modules
 */
async function buildServer(name: 'ferretdb' | 'minio'): Promise<string> {
  const folder = path.join(PROJECT, 'node_modules', '.cache', 'ferry-servers');
  const file = path.join(folder, name);
  await mkdir(folder, { recursive: true });
  await promisify(execFile)('go', ['build', '-o', file, '.'], {
    cwd: path.join(PROJECT, 'test', 'servers', name),
    env: { ...process.env, GOFLAGS: '-buildvcs=false' },
  });
  return file;
}

/** FerretDB, which speaks the MongoDB protocol over SQLite. */
export async function startFerretDb(): Promise<TestServer> {
  const file = await buildServer('ferretdb');
  return startServer('ferretdb', {
    file,
    argumentsOf: (port, directory) => [`127.0.0.1:${port}`, directory],
  });
}

/** What MinIO is started with. */
export const MINIO_CREDENTIALS = { accessKeyId: 'ferry-test', secretAccessKey: 'a secret for tests alone' };

/** MinIO with an empty bucket `ferry`. */
export async function startMinio(): Promise<TestServer> {
  const file = await buildServer('minio');
  const server = await startServer('minio', {
    file,
    environment: {
      MINIO_ROOT_USER: MINIO_CREDENTIALS.accessKeyId,
      MINIO_ROOT_PASSWORD: MINIO_CREDENTIALS.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    argumentsOf: (port, directory) => ['server', '--quiet', '--address', `127.0.0.1:${port}`, directory],
  });
  await makeBucket(server.port);
  return server;
}

async function makeBucket(port: number): Promise<void> {
  const { S3Client, CreateBucketCommand } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: MINIO_CREDENTIALS,
    // It listens before it can serve.
    maxAttempts: 20,
  });
  await client.send(new CreateBucketCommand({ Bucket: 'ferry' }));
  client.destroy();
}
