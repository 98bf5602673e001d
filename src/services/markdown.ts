import { Worker } from 'node:worker_threads';
import type { Rendering } from '../models/content';

/**
 * Raised whenever the same text becomes other HTML: what another renderer made is then made anew when it is read.
 */
export const RENDERER = 1;

/** The thread died, perhaps for lack of memory: to be tried again. */
const NOT_RENDERED = 0;

/** A text that takes longer is shown as it stands. The worst ones of 256 KiB take two seconds. */
const TIME_MS = 10_000;
/** A thread that has nothing to do gives its memory back. */
const IDLE_MS = 60_000;
/** Characters of HTML; what would be longer is shown as it stands. */
const LONGEST_HTML = 4 * 1024 * 1024;

interface Job {
  text: string;
  done(rendering: Rendering): void;
}

interface MarkdownOptions {
  /** From where images may come without https. */
  publicUrl: string | null;
  timeMs?: number;
  startWorker?: (publicUrl: string | null) => Worker;
}

function startMarkdownWorker(publicUrl: string | null): Worker {
  return new Worker(require.resolve('./markdown/worker.js'), {
    execArgv: [],
    workerData: { publicUrl },
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
}

/**
 * Renders Markdown to safe HTML, one text after the other, in a thread that is started when it is first needed. It
 * never throws: a text for which the thread takes too long, or at which it dies, is shown as it stands.
 */
export class Markdown {
  private worker: Worker | null = null;
  private current: Job | null = null;
  private readonly waiting: Job[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: MarkdownOptions) {}

  /** @returns HTML without scripts, styles and frames */
  render(text: string): Promise<Rendering> {
    return new Promise((done) => {
      this.waiting.push({ text, done });
      this.next();
    });
  }

  /** Ends the thread; another text starts another one. */
  async close(): Promise<void> {
    const { worker } = this;
    if (this.current) return;
    clearTimeout(this.timer);
    this.worker = null;
    await worker?.terminate();
  }

  private next(): void {
    if (this.current) return;
    clearTimeout(this.timer);
    const job = this.waiting.shift();
    if (!job) {
      this.worker?.unref();
      this.timer = setTimeout(() => void this.close(), IDLE_MS).unref();
      return;
    }
    this.current = job;
    this.worker ??= this.start();
    this.worker.ref();
    this.worker.postMessage({ text: job.text });
    this.timer = setTimeout(() => this.giveUp(RENDERER), this.options.timeMs ?? TIME_MS);
  }

  private start(): Worker {
    const worker = (this.options.startWorker ?? startMarkdownWorker)(this.options.publicUrl);
    worker.on('message', ({ html }: { html: string }) => {
      if (worker !== this.worker) return;
      if (html.length <= LONGEST_HTML) this.finish({ html, renderer: RENDERER });
      else this.giveUp(RENDERER);
    });
    // Told by its end.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (worker === this.worker) this.giveUp(NOT_RENDERED);
    });
    return worker;
  }

  /** The text is shown as it stands, and the next one gets another thread. */
  private giveUp(renderer: number): void {
    const { worker, current } = this;
    this.worker = null;
    void worker?.terminate();
    this.finish({ html: asItStands(current?.text ?? ''), renderer });
  }

  private finish(rendering: Rendering): void {
    const job = this.current;
    clearTimeout(this.timer);
    this.current = null;
    job?.done(rendering);
    this.next();
  }
}

function asItStands(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<pre>${escaped}</pre>`;
}
