import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../test/support/server-process';
import { PinnedProcess } from './pinned';

const PROJECT = path.resolve(__dirname, '..');

/** A server that sends files, on a port of its own. */
export interface Contender {
  process: PinnedProcess;
  port: number;
}

/** The built server, copied so that its `public` can hold other files. Its access log is on, as users have it. */
export async function startFerry(
  directory: string,
  core: number,
  settings: Record<string, string> = {},
): Promise<Contender> {
  const project = path.join(directory, 'project');
  await mkdir(project);
  for (const name of ['dist', 'views', 'package.json']) {
    await cp(path.join(PROJECT, name), path.join(project, name), { recursive: true });
  }
  await symlink(path.join(PROJECT, 'node_modules'), path.join(project, 'node_modules'));
  await symlink(path.join(directory, 'files'), path.join(project, 'public'));
  const port = await freePort();
  const loopDelay = path.join(__dirname, 'loop-delay.js');
  return started(port, '/readyz', {
    line: [process.execPath, '--max-semi-space-size=4', '--require', loopDelay, 'dist/bin/www.js'],
    core,
    directory: project,
    env: {
      NODE_ENV: 'production',
      PORT: String(port),
      DATA_DIR: path.join(directory, 'data'),
      UPLOADS_DIR: path.join(directory, 'uploads'),
      ...settings,
    },
  });
}

/** A server of peers.ts that sends the files. */
export async function startPeer(name: string, directory: string, core: number): Promise<Contender> {
  const port = await freePort();
  const files = path.join(directory, 'files');
  const line = [
    process.execPath,
    '--import',
    'tsx',
    path.join(__dirname, 'peers.ts'),
    name,
    files,
    String(port),
  ];
  return started(port, '/64k.bin', { line, core, directory: PROJECT, env: { NODE_ENV: 'production' } });
}

/** @tus/server with its FileStore. */
export async function startTusServer(directory: string, core: number): Promise<Contender> {
  const port = await freePort();
  const peers = path.join(__dirname, 'peers.ts');
  const line = [process.execPath, '--import', 'tsx', peers, '@tus/server', directory, String(port)];
  return started(port, '/', { line, core, directory: PROJECT, env: { NODE_ENV: 'production' } });
}

/** tusd, built by Go. @throws when it cannot be built */
export async function startTusd(directory: string, core: number): Promise<Contender> {
  const program = await buildTusd(path.join(directory, 'build'));
  const port = await freePort();
  const files = path.join(directory, 'files');
  const options = ['-host', '127.0.0.1', '-port', String(port), '-upload-dir', files, '-verbose=false'];
  return started(port, '/', { line: [program, ...options], core });
}

async function buildTusd(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(
    path.join(directory, 'go.mod'),
    'module bench\n\ngo 1.21\n\nrequire github.com/tus/tusd/v2 v2.4.0\n',
  );
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'auto' };
  const program = path.join(directory, 'tusd');
  await promisify(execFile)('go', ['build', '-o', program, 'github.com/tus/tusd/v2/cmd/tusd'], {
    cwd: directory,
    env,
  });
  return program;
}

/** nginx with sendfile in one process, without an access log. */
export async function startNginx(directory: string, core: number): Promise<Contender> {
  const port = await freePort();
  const home = path.join(directory, 'nginx');
  await mkdir(path.join(home, 'temporary'), { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${home}/temporary/${kind};`,
  );
  const settings = `
    daemon off; master_process off; user root; pid ${home}/nginx.pid; error_log ${home}/error.log;
    events {}
    http {
      access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; ${temporary.join(' ')}
      server { listen 127.0.0.1:${port}; root ${path.join(directory, 'files')}; }
    }`;
  await writeFile(path.join(home, 'nginx.conf'), settings);
  const line = ['nginx', '-p', home, '-c', path.join(home, 'nginx.conf'), '-e', path.join(home, 'error.log')];
  return started(port, '/64k.bin', { line, core });
}

async function started(
  port: number,
  answering: string,
  command: ConstructorParameters<typeof PinnedProcess>[0],
): Promise<Contender> {
  const process = new PinnedProcess(command);
  await process.answers(`http://127.0.0.1:${port}${answering}`);
  return { process, port };
}
