import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** On Linux the clock of /proc ticks so often in a second. */
const TICKS_PER_SECOND = 100;

interface Command {
  /** The program and its arguments. */
  line: string[];
  /** The processor that it may use, and no other. */
  core: number;
  env?: Record<string, string>;
  directory?: string;
}

/** A process that is bound to one core, so that servers and the load upon them do not take it from each other. */
export class PinnedProcess {
  readonly child: ChildProcess;

  constructor({ line, core, env = {}, directory }: Command) {
    this.child = spawn('taskset', ['-c', String(core), ...line], {
      cwd: directory,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  /** Sends a message and gives the answer. */
  async ask<Answer>(question: object): Promise<Answer> {
    const over = new AbortController();
    const answered = once(this.child, 'message', { signal: over.signal }) as Promise<[Answer]>;
    const ended = once(this.child, 'exit', { signal: over.signal }).then(() => {
      throw new Error(`${this.child.spawnargs.join(' ')} has ended`);
    });
    this.child.send(question);
    try {
      const [answer] = await Promise.race([answered, ended]);
      return answer;
    } finally {
      over.abort();
      await Promise.allSettled([answered, ended]);
    }
  }

  /** Resolves when the server of this process answers. */
  async answers(url: string): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`${this.child.spawnargs.join(' ')} has ended`);
      const response = await fetch(url).catch(() => null);
      await response?.body?.cancel();
      if (response?.ok) return;
      await sleep(20);
    }
  }

  /** Seconds of its core that it has used. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.child.pid ?? 0}/stat`, 'utf8');
    // The second field is a name in parentheses, which may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Resident memory in MiB. */
  async resident(): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid ?? 0}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN) / 1024;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill();
    await exited;
  }
}
