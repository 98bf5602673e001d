import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { until } from '../contract/until';
import { freePort } from './server-process';

const TEMPLATE = path.resolve(__dirname, '../../deploy/nginx/ferry.conf.template');

interface NginxOptions {
  /** Two addresses of Ferry such as `127.0.0.1:3000`. */
  upstreams: [string, string];
  uploadsDirectory: string;
}

/** A real nginx with the project's configuration on a free port of loopback. */
export class Nginx {
  private constructor(
    private readonly directory: string,
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start({ upstreams, uploadsDirectory }: NginxOptions): Promise<Nginx> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-nginx-'));
    const address = `127.0.0.1:${await freePort()}`;
    const variables: Record<string, string> = {
      FERRY_LISTEN: address,
      FERRY_UPSTREAM_1: upstreams[0],
      FERRY_UPSTREAM_2: upstreams[1],
      FERRY_UPLOADS: uploadsDirectory,
      FERRY_LOGS: directory,
    };
    const template = await readFile(TEMPLATE, 'utf8');
    // As envsubst does.
    const site = template.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables[name] ?? whole);
    await mkdir(path.join(directory, 'temporary'));
    await writeFile(path.join(directory, 'site.conf'), site);
    await writeFile(path.join(directory, 'nginx.conf'), frame(directory));
    await writeFile(path.join(directory, 'error.log'), '');
    const child = spawn(
      'nginx',
      ['-p', directory, '-e', path.join(directory, 'error.log'), '-c', path.join(directory, 'nginx.conf')],
      { stdio: 'ignore', env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` } },
    );
    const nginx = new Nginx(directory, child, `http://${address}`);
    await once(child, 'spawn');
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended at its start:\n${await nginx.errors()}`);
      return fetch(`${nginx.url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    return nginx;
  }

  /** What it logged about requests. */
  log(): Promise<string> {
    return readFile(path.join(this.directory, 'ferry.log'), 'utf8');
  }

  errors(): Promise<string> {
    return readFile(path.join(this.directory, 'error.log'), 'utf8');
  }

  /** Names of the files into which it ever put bodies: it numbers them, and takes their folders along. */
  async spooled(): Promise<string[]> {
    const entries = await readdir(path.join(this.directory, 'temporary'), {
      recursive: true,
      withFileTypes: true,
    });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exited;
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The configuration around the project's, with what distributions have in theirs. */
function frame(directory: string): string {
  const temporary = (name: string) => path.join(directory, 'temporary', name);
  return `
    daemon off;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${path.join(directory, 'nginx.pid')};
    events { worker_connections 1024; }
    http {
      access_log off;
      gzip on;
      gzip_types application/octet-stream text/plain;
      default_type application/octet-stream;
      client_body_temp_path ${temporary('body')};
      proxy_temp_path ${temporary('proxy')};
      fastcgi_temp_path ${temporary('fastcgi')};
      uwsgi_temp_path ${temporary('uwsgi')};
      scgi_temp_path ${temporary('scgi')};
      include ${path.join(directory, 'site.conf')};
    }
  `;
}
