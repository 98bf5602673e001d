import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/server-process';
import type * as servers from './event-servers';
import type * as subscribers from './event-subscribers';
import { median } from './measure';
import { PinnedProcess } from './pinned';

const PROJECT = path.resolve(__dirname, '..');
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const ROUNDS = 5;
const SUBSCRIBERS = 1000;
const IDLE = 9500;
const STORM = { clients: 5000, missed: 100 };

/** Single events, and the same ten in one turn. */
const SINGLE = { bursts: 20, burst: 1, everyMs: 25 };
const BURSTS = { bursts: 4, burst: 10, everyMs: 75 };

const KINDS: { title: string; kind: subscribers.Kind; bare: string }[] = [
  { title: 'WebSocket', kind: 'websocket', bare: 'ws' },
  { title: 'SSE', kind: 'sse', bare: 'sse' },
  { title: 'socket.io', kind: 'socketio', bare: 'socket.io' },
];

interface Sample {
  /** Deliveries in a second of the server's processor. */
  perCpu: number;
  p50: number;
  p99: number;
}

/** A server on one core with its clients on the other one. */
class Pair {
  private constructor(
    readonly server: PinnedProcess,
    readonly load: PinnedProcess,
    readonly port: number,
    private readonly name: string,
    private readonly kind: subscribers.Kind,
  ) {}

  static async start(name: string, kind: subscribers.Kind, directory: string): Promise<Pair> {
    const port = await freePort();
    const run = (file: string, core: number, ...more: string[]) =>
      new PinnedProcess({
        line: [
          process.execPath,
          '--expose-gc',
          '--max-semi-space-size=4',
          '--import',
          'tsx',
          path.join(__dirname, file),
          ...more,
        ],
        core,
        directory: PROJECT,
        env: { NODE_ENV: 'production' },
      });
    const home = await mkdtemp(path.join(directory, 'server-'));
    const server = run('event-servers.ts', SERVER_CORE, name, String(port), home);
    const load = run('event-subscribers.ts', LOAD_CORE);
    const pair = new Pair(server, load, port, name, kind);
    try {
      await server.answers(`http://127.0.0.1:${port}/healthz`);
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  }

  connect(
    clients: number,
    more: Pick<subscribers.Connecting, 'after' | 'events'> = {},
  ): Promise<subscribers.Subscribed> {
    return this.ask({
      op: 'connect',
      port: this.port,
      kind: this.kind,
      isFerry: this.name === 'ferry',
      clients,
      ...more,
    });
  }

  leave(): Promise<subscribers.Subscribed> {
    return this.ask({ op: 'leave' });
  }

  async publish(pace: { bursts: number; burst: number; everyMs: number }, to: number): Promise<Sample> {
    const events = pace.bursts * pace.burst * to;
    const [{ cpuSeconds }, { p50, p99 }] = await Promise.all([
      this.server.ask<servers.Answer>({ op: 'publish', ...pace } satisfies servers.Question),
      this.ask({ op: 'take', events }),
    ]);
    return { perCpu: events / cpuSeconds, p50, p99 };
  }

  async memory(): Promise<number> {
    return (await this.server.ask<servers.Answer>({ op: 'memory' } satisfies servers.Question)).memory;
  }

  async stop(): Promise<void> {
    await this.load.stop();
    await this.server.stop();
  }

  private ask(question: subscribers.Question): Promise<subscribers.Subscribed> {
    return this.load.ask(question);
  }
}

/**
 * How fast events go out, beside servers that do nothing else; what idle connections cost; and how long it takes until
 * many clients that come back at once have what they missed.
 */
export async function benchRealtime(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-bench-'));
  try {
    const parts = [await benchDeliveries(directory), await benchIdle(directory), await benchStorm(directory)];
    return parts.join('\n\n');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function benchDeliveries(directory: string): Promise<string> {
  const lines: string[][] = [];
  for (const { title, kind, bare } of KINDS) {
    const ferry = await Pair.start('ferry', kind, directory);
    const other = await Pair.start(bare, kind, directory);
    try {
      const samples = await inTurn(ferry, other);
      lines.push([title, ...cells(samples)]);
    } finally {
      await ferry.stop();
      await other.stop();
    }
  }
  const head = [
    'deliveries',
    'one by one: per CPU second',
    '× bare',
    'ten at once: per CPU second',
    '× bare, one by one',
    'p50, p99 ms (bare)',
    'ten at once: p99 ms (bare)',
  ];
  return table([head, ...lines]);
}

interface Round {
  single: Sample;
  bursts: Sample;
  bareSingle: Sample;
  bareBursts: Sample;
}

async function inTurn(ferry: Pair, bare: Pair): Promise<Round[]> {
  for (const pair of [ferry, bare]) {
    await pair.connect(SUBSCRIBERS);
    await pair.publish(SINGLE, SUBSCRIBERS);
    await pair.publish(BURSTS, SUBSCRIBERS);
  }
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS) {
    rounds.push({
      single: await ferry.publish(SINGLE, SUBSCRIBERS),
      bareSingle: await bare.publish(SINGLE, SUBSCRIBERS),
      bursts: await ferry.publish(BURSTS, SUBSCRIBERS),
      bareBursts: await bare.publish(BURSTS, SUBSCRIBERS),
    });
  }
  return rounds;
}

function cells(rounds: Round[]): string[] {
  const middle = (of: (round: Round) => number) => median(rounds.map(of));
  const ms = (of: (round: Round) => number) => (middle(of) / 1000).toFixed(1);
  return [
    middle(({ single }) => single.perCpu).toFixed(0),
    middle(({ single, bareSingle }) => single.perCpu / bareSingle.perCpu).toFixed(2),
    middle(({ bursts }) => bursts.perCpu).toFixed(0),
    middle(({ bursts, bareSingle }) => bursts.perCpu / bareSingle.perCpu).toFixed(2),
    `${ms(({ single }) => single.p50)}, ${ms(({ single }) => single.p99)} (${ms(({ bareSingle }) => bareSingle.p50)}, ${ms(({ bareSingle }) => bareSingle.p99)})`,
    `${ms(({ bursts }) => bursts.p99)} (${ms(({ bareBursts }) => bareBursts.p99)})`,
  ];
}

async function benchIdle(directory: string): Promise<string> {
  const lines: string[][] = [];
  for (const { title, kind, bare } of KINDS) {
    const line = [title];
    for (const name of ['ferry', bare]) {
      const pair = await Pair.start(name, kind, directory);
      try {
        await pair.connect(100);
        await pair.leave();
        const before = await pair.memory();
        await pair.connect(IDLE);
        line.push(`${(((await pair.memory()) - before) / IDLE / 1024).toFixed(1)} KiB`);
      } finally {
        await pair.stop();
      }
    }
    lines.push(line);
  }
  return table([[`${IDLE} idle connections`, 'memory of each', 'bare'], ...lines]);
}

async function benchStorm(directory: string): Promise<string> {
  const lines: string[][] = [];
  for (const { title, kind } of KINDS) {
    const pair = await Pair.start('ferry', kind, directory);
    try {
      const { cursor } = await pair.connect(1);
      await pair.publish({ bursts: STORM.missed, burst: 1, everyMs: 0 }, 1);
      await pair.leave();
      const over = new AbortController();
      const probing = probe(`http://127.0.0.1:${pair.port}/healthz`, over.signal);
      const before = await pair.server.cpuSeconds();
      const { seconds } = await pair.connect(STORM.clients, { after: cursor, events: STORM.missed });
      const cpu = (await pair.server.cpuSeconds()) - before;
      over.abort();
      const delays = await probing;
      lines.push([
        title,
        `${seconds.toFixed(1)} s`,
        `${cpu.toFixed(1)} s`,
        `${percentile(delays, 50).toFixed(0)}, ${percentile(delays, 99).toFixed(0)} ms`,
      ]);
    } finally {
      await pair.stop();
    }
  }
  const title = `${STORM.clients} clients come back at once, ${STORM.missed} events missed`;
  return table([
    [title, 'until all are whole', 'of the server’s processor', '`/healthz` meanwhile, p50, p99'],
    ...lines,
  ]);
}

/** How long each of many requests took, in milliseconds. */
async function probe(url: string, over: AbortSignal): Promise<number[]> {
  const delays: number[] = [];
  while (!over.aborted) {
    const begun = performance.now();
    await (await fetch(url)).arrayBuffer();
    delays.push(performance.now() - begun);
    await sleep(10);
  }
  return delays;
}

function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? NaN;
}

function table([head = [], ...lines]: string[][]): string {
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
