import type { Answer } from '../platform/platform';
import type { FerryEvent, Problem } from '../types';
import type { Group } from './groups';
import { Lines, type Line, type LineListener } from './lines';
import { endedBy, eventsRequest, NO_ANSWER, parsed, TOO_LATE } from './requests';
import { SseParser, type StreamEvent } from './sse-parser';
import type { Asking, Ended, Transport } from './transport';

/** The server sends something every 20 s; after so long a silence it is not there any more. */
const SILENCE_MS = 45_000;
/** When the device was away, a stream that has been silent for longer is opened anew. */
const DOUBT_MS = 22_000;

/** Server-Sent Events, read by a request that can carry the access token, which `EventSource` cannot. */
export const sse: Transport = {
  name: 'sse',
  isSupported: ({ stream }) => stream !== null,
  open: (asking, listener) => new Lines((...of) => new SseLine(...of), asking, listener),
};

class SseLine implements Line {
  private readonly parser = new SseParser((event) => this.take(event));
  private readonly cancel: () => void;
  private heardAt: number;
  private stopWatch: () => void = () => undefined;
  private hasBegun = false;
  private isOver = false;

  constructor(
    private readonly asking: Asking,
    private readonly group: Group,
    private readonly listener: LineListener,
  ) {
    const { platform } = asking;
    this.heardAt = platform.timers.now();
    this.watch();
    const cancel = platform.stream?.(eventsRequest(asking, '/events/stream', group), {
      text: (piece) => {
        if (this.isOver) return;
        this.watch();
        this.parser.push(piece);
      },
      end: (answer) => this.end(this.endedWith(answer)),
    });
    this.cancel = cancel ?? (() => undefined);
  }

  check(): void {
    if (this.asking.platform.timers.now() - this.heardAt > DOUBT_MS) {
      this.end({ how: 'broken', problem: TOO_LATE });
    }
  }

  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopWatch();
    this.cancel();
  }

  private watch(): void {
    const { timers } = this.asking.platform;
    this.heardAt = timers.now();
    this.stopWatch();
    this.stopWatch = timers.after(SILENCE_MS, () => this.end({ how: 'broken', problem: TOO_LATE }));
  }

  private take({ event, data }: StreamEvent): void {
    const value = parsed(data);
    if (this.isOver || value === undefined) return;
    if (event === 'ready') {
      const { next, recovered } = value as { next: string; recovered: boolean };
      this.listener.moved(this.group, next, recovered);
      if (!this.hasBegun) this.listener.ready();
      this.hasBegun = true;
    } else if (event === 'problem') {
      this.fail(value as Problem);
    } else {
      this.listener.event(this.group, value as FerryEvent);
    }
  }

  /** The server ends the stream soon: it is better opened anew at once. */
  private fail(problem: Problem): void {
    if (problem.code === 'invalid_token') this.end({ how: 'renew', problem });
    else if (problem.code === 'not_found') this.end({ how: 'refused', problem, group: this.group });
    else this.listener.problem(problem);
  }

  private endedWith(answer: Answer | null): Ended {
    if (answer && answer.status !== 200) return endedBy(answer, this.asking.token, this.group);
    const { retry } = this.parser;
    // An end that is one, and not a cut, is the server's own: it has said when to come back.
    if (answer && this.hasBegun)
      return { how: 'now', problem: NO_ANSWER, ...(retry !== undefined && { afterMs: retry }) };
    return { how: 'broken', problem: NO_ANSWER };
  }

  private end(ended: Ended): void {
    if (this.isOver) return;
    this.close();
    this.listener.ended(ended);
  }
}
