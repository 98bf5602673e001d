import { spawn } from 'node:child_process';

/** The Debian package of each program that tests run. */
const PACKAGES = { curl: 'curl', wget: 'wget', aria2c: 'aria2', python3: 'python3', unzip: 'unzip' } as const;

export interface Outcome {
  /** The exit code. */
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end, without a shell and without what the environment says of proxies and settings.
 * @throws when it is not there, or a signal ended it
 */
export function run(program: keyof typeof PACKAGES, args: string[], directory: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outcome = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = `There is no ${program}. Install it; on Debian: apt-get install ${PACKAGES[program]}`;
      reject(error.code === 'ENOENT' ? new Error(missing) : error);
    });
    child.once('close', (code, signal) => {
      if (code === null) reject(new Error(`${program} was ended by ${signal}:\n${outcome.stderr}`));
      else resolve({ code, ...outcome });
    });
  });
}
