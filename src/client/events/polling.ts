import type { Answer } from '../platform/platform';
import type { FerryEvent } from '../types';
import type { Group } from './groups';
import { Lines, type Line, type LineListener } from './lines';
import { endedBy, eventsRequest, NO_ANSWER, parsed, TOO_LATE } from './requests';
import type { Asking, Ended, Transport } from './transport';

/** Seconds that the server may hold an answer back. */
const WAIT_S = 25;
/** So much longer than that an answer may take. */
const PATIENCE_MS = 15_000;
/** Between short polls, give or take a fifth. */
const PAUSE_MS = 5000;
/** After a long poll that came back empty before its time, as when the server stops. */
const EARLY_PAUSE_MS = 1000;

interface Polled {
  events: FerryEvent[];
  next: string;
  recovered: boolean;
}

/** Requests that are answered once something happens. */
export const longPoll: Transport = {
  name: 'long-poll',
  isSupported: () => true,
  open: (asking, listener) => new Lines((...of) => new PollLine(WAIT_S, ...of), asking, listener),
};

/** Requests that are answered at once, now and then. */
export const shortPoll: Transport = {
  name: 'short-poll',
  isSupported: () => true,
  open: (asking, listener) => new Lines((...of) => new PollLine(0, ...of), asking, listener),
};

class PollLine implements Line {
  private cancel: () => void = () => undefined;
  private stopTimer: () => void = () => undefined;
  private hasBegun = false;
  private isOver = false;
  private isPausing = false;
  private askedAt = 0;

  constructor(
    private readonly wait: number,
    private readonly asking: Asking,
    private readonly group: Group,
    private readonly listener: LineListener,
  ) {
    // The first answer comes at once: it is what shows that this works.
    this.ask(0);
  }

  check(): void {
    const { timers } = this.asking.platform;
    if (this.isPausing) this.ask(this.wait);
    else if (timers.now() - this.askedAt > this.wait * 1000 + PATIENCE_MS) this.tooLate();
  }

  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopTimer();
    this.cancel();
  }

  private ask(wait: number): void {
    const { platform } = this.asking;
    this.stopTimer();
    this.isPausing = false;
    this.askedAt = platform.timers.now();
    const call = platform.request(eventsRequest(this.asking, '/events', this.group, `&wait=${wait}`));
    this.cancel = call.cancel;
    this.stopTimer = platform.timers.after(wait * 1000 + PATIENCE_MS, () => this.tooLate());
    call.answer.then(
      (answer) => this.take(answer, wait),
      () => this.end({ how: 'broken', problem: NO_ANSWER }),
    );
  }

  private take(answer: Answer, wait: number): void {
    if (this.isOver) return;
    const polled = answer.status === 200 ? (parsed(answer.text) as Polled | undefined) : undefined;
    if (!Array.isArray(polled?.events)) {
      this.end(endedBy(answer, this.asking.token, this.group));
      return;
    }
    this.deliver(polled);
    if (!this.isDone()) this.goOn(polled.events.length, wait);
  }

  private deliver({ events, next, recovered }: Polled): void {
    for (const event of events) {
      this.listener.event(this.group, event);
      // Whoever gets an event may end it all.
      if (this.isDone()) return;
    }
    this.listener.moved(this.group, next, recovered);
    if (!this.hasBegun && !this.isDone()) {
      this.hasBegun = true;
      this.listener.ready();
    }
  }

  private goOn(events: number, wait: number): void {
    const { timers, random } = this.asking.platform;
    const early = wait > 0 && events === 0 && timers.now() - this.askedAt < (wait * 1000) / 2;
    if (this.wait > 0 && !early) {
      this.ask(this.wait);
      return;
    }
    this.stopTimer();
    this.isPausing = true;
    const pause = early ? EARLY_PAUSE_MS : PAUSE_MS;
    this.stopTimer = timers.after(pause * (0.8 + 0.4 * random()), () => this.ask(this.wait));
  }

  /** Asked anew: `close` is called from elsewhere. */
  private isDone(): boolean {
    return this.isOver;
  }

  private tooLate(): void {
    this.end({ how: 'broken', problem: TOO_LATE });
  }

  private end(ended: Ended): void {
    if (this.isOver) return;
    this.close();
    this.listener.ended(ended);
  }
}
