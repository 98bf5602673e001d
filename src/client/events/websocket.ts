import type { Platform, Socket } from '../platform/platform';
import type { FerryEvent, Problem } from '../types';
import type { Group } from './groups';
import { authorization, endedBy, NO_ANSWER, parsed, socketUrl, ticketRequest, TOO_LATE } from './requests';
import type { Asking, Ended, Link, LinkListener, Transport } from './transport';

const PROTOCOL = 'ferry.v1';
/** So long after the last frame the server is asked whether it is there, */
const SILENCE_MS = 25_000;
/** and has so long to answer. */
const PATIENCE_MS = 10_000;
/** A token that is refused so soon after it was sent is not one that has expired. */
const REFUSED_MS = 20_000;
/** Codes of ours that are about the topics of a subscription. */
const REFUSALS = ['invalid_request', 'unauthenticated', 'forbidden', 'not_found'];

type ServerFrame =
  | { op: 'ready'; next: string; recovered: boolean }
  | { op: 'event'; event: FerryEvent }
  | { op: 'pong' }
  | ({ op: 'error' } & Problem);

/** One WebSocket for all topics. */
export const websocket: Transport = {
  name: 'websocket',
  isSupported: ({ socket }) => socket !== null,
  open: (asking, listener) => new WebsocketLink(asking, listener),
};

class WebsocketLink implements Link {
  private readonly platform: Platform;
  private socket: Socket | null = null;
  private isOpen = false;
  private isOver = false;
  private isReady = false;
  /** What is followed already: one subscription with one cursor. */
  private current: Group | null = null;
  /** What is to be subscribed to, one after the other, since answers do not say what they answer. */
  private readonly waiting: Group[];
  private subscribing: Group | null = null;
  private renewedAt = -Infinity;
  private stopWatch: () => void = () => undefined;
  private cancelTicket: () => void = () => undefined;

  constructor(
    private readonly asking: Asking,
    private readonly listener: LinkListener,
  ) {
    this.platform = asking.platform;
    this.waiting = [...asking.groups];
    if (asking.token === null || this.platform.socketTakesHeaders) this.open(null);
    else this.fetchTicket(asking.token);
  }

  added(group: Group): void {
    this.waiting.push(group);
    this.subscribe();
  }

  removed(topics: readonly string[]): void {
    if (this.current?.topics.length === 0) this.current = null;
    // One that is being subscribed to may be gone before its answer comes; the server does all in turn.
    if (this.isOpen) this.send({ op: 'unsubscribe', topics });
  }

  check(): void {
    if (this.isOpen) this.ask();
  }

  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopWatch();
    this.cancelTicket();
    const { socket } = this;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    // Nobody is left to hear that a handshake was given up.
    socket.onerror = () => undefined;
    socket.close(1000);
  }

  private fetchTicket(token: string): void {
    const call = this.platform.request(ticketRequest(this.asking));
    this.cancelTicket = call.cancel;
    call.answer.then(
      (answer) => {
        if (this.isOver) return;
        const { ticket } = (parsed(answer.text) ?? {}) as { ticket?: unknown };
        if (answer.status === 201 && typeof ticket === 'string') this.open(ticket);
        else this.end(endedBy(answer, token, null));
      },
      () => this.end({ how: 'broken', problem: NO_ANSWER }),
    );
  }

  private open(ticket: string | null): void {
    const { base, token } = this.asking;
    const headers = ticket === null ? authorization(token) : {};
    let socket: Socket | undefined;
    try {
      socket = this.platform.socket?.(socketUrl(base, ticket), PROTOCOL, headers);
    } catch {
      // A policy of the page can forbid it.
    }
    if (!socket) {
      // Whoever opened this link is to have it before it hears of its end.
      this.stopWatch = this.platform.timers.after(0, () => this.end({ how: 'broken', problem: NO_ANSWER }));
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      this.isOpen = true;
      this.watch();
      this.subscribe();
    };
    socket.onmessage = ({ data }) => {
      if (this.isOver) return;
      this.watch();
      const frame = parsed(data) as ServerFrame | undefined;
      if (frame) this.take(frame);
    };
    socket.onerror = () => undefined;
    socket.onclose = ({ code, reason }) => this.end(this.endedWith(code, reason));
  }

  private subscribe(): void {
    if (!this.isOpen || this.subscribing) return;
    let group = this.waiting.shift();
    while (group?.topics.length === 0) group = this.waiting.shift();
    if (group) {
      this.subscribing = group;
      const { topics, after } = group;
      this.send({ op: 'subscribe', topics, ...(after !== undefined && { after }) });
    } else if (!this.isReady) {
      this.isReady = true;
      this.listener.ready();
    }
  }

  private take(frame: ServerFrame): void {
    switch (frame.op) {
      case 'ready':
        this.follow(frame.next, frame.recovered);
        break;
      case 'event':
        if (this.current) this.listener.event(this.current, frame.event);
        break;
      case 'error':
        this.fail({ code: frame.code, detail: frame.detail });
        break;
      case 'pong':
    }
  }

  /** The answer to a subscription, or else news that events were missed. */
  private follow(next: string, recovered: boolean): void {
    const { subscribing } = this;
    this.subscribing = null;
    if (subscribing && subscribing.topics.length > 0) {
      if (this.current) this.listener.joined(this.current, subscribing);
      else this.current = subscribing;
    }
    if (this.current) this.listener.moved(this.current, next, recovered);
    if (!this.isOver) this.subscribe();
  }

  private fail(problem: Problem): void {
    const { subscribing, current } = this;
    if (problem.code === 'invalid_token') {
      this.renew(problem);
    } else if (subscribing) {
      if (REFUSALS.includes(problem.code)) this.end({ how: 'refused', problem, group: subscribing });
      else this.end({ how: 'later', problem });
    } else if (problem.code === 'not_found' && current) {
      // A topic may not be read any more. The server has taken it away, and says which only in words.
      this.end({ how: 'refused', problem, group: current });
    } else if (problem.code === 'forbidden') {
      // The token is that of another user by now.
      this.end({ how: 'now', problem });
    } else {
      this.listener.problem(problem);
    }
  }

  private renew(problem: Problem): void {
    const now = this.platform.timers.now();
    if (now - this.renewedAt < REFUSED_MS) {
      this.end({ how: 'renew', problem });
      return;
    }
    this.renewedAt = now;
    this.listener.renew().then(
      (accessToken) => {
        if (accessToken !== null && !this.isOver) this.send({ op: 'refresh', accessToken });
      },
      // The server ends the connection soon, and then it is tried again.
      () => undefined,
    );
  }

  /** Anything that comes shows that the server is there; after some silence it is asked. */
  private watch(): void {
    this.stopWatch();
    this.stopWatch = this.platform.timers.after(SILENCE_MS, () => this.ask());
  }

  private ask(): void {
    this.stopWatch();
    this.stopWatch = this.platform.timers.after(PATIENCE_MS, () =>
      this.end({ how: 'broken', problem: TOO_LATE }),
    );
    this.send({ op: 'ping' });
  }

  private send(frame: object): void {
    try {
      this.socket?.send(JSON.stringify(frame));
    } catch {
      // It is closing: what comes next is its end.
    }
  }

  /** 4000–4099 do not come back, 4100–4199 later, 4200–4299 at once; the others are of the network. */
  private endedWith(code: number, reason: string): Ended {
    const problem = { code: reason || NO_ANSWER.code, detail: `The connection was closed (${code}).` };
    if (code === 4002) return { how: 'renew', problem };
    if (code === 4003 && this.current) return { how: 'refused', problem, group: this.current };
    if (code >= 4000 && code < 4100) return { how: 'never', problem };
    if (code >= 4100 && code < 4200) return { how: 'later', problem };
    if (code >= 4200 && code < 4300) return { how: 'now', problem };
    return { how: 'broken', problem };
  }

  private end(ended: Ended): void {
    if (this.isOver) return;
    this.close();
    this.listener.ended(ended);
  }
}
