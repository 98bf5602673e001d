import type { Platform } from '../platform/platform';
import type { ConnectionState, ConnectOptions, FerryEvent, Problem } from '../types';
import { Access } from './access';
import { Backoff } from './backoff';
import { Groups, type Group } from './groups';
import type { Ladder } from './ladder';
import { NO_ANSWER, TOO_LATE } from './requests';
import { findRefused, lookFor, type ProbeOptions } from './probe';
import type { Ended, Link, LinkListener, Transport } from './transport';

/** How long a transport has until events come, and how long when another one is known to work. */
const READY_MS = 15_000;
const TRIAL_READY_MS = 5000;
/** What holds for so long is taken to work. */
const SETTLED_MS = 10_000;
/** Whom the server asks to come back at once come back within so long, not all at the same moment. */
const NOW_MS = 2000;
/** A device can be wrong about being offline. */
const OFFLINE_TRY_MS = 30_000;

/** Follows topics for as long as it is not closed, over whatever transport works. */
export class EventConnection {
  private readonly groups: Groups;
  private readonly access: Access;
  private readonly backoff: Backoff;
  private readonly stopNetwork: () => void;
  private held: ConnectionState = { phase: 'idle' };
  private link: Link | null = null;
  private token: string | null = null;
  /** Of the current try; what belongs to an earlier one is not listened to. */
  private turn = 0;
  private isReady = false;
  /** The token was renewed, and nothing has worked since. */
  private isRenewed = false;
  private isClosed = false;
  private stops: (() => void)[] = [];

  constructor(
    private readonly base: string,
    private readonly options: ConnectOptions,
    private readonly platform: Platform,
    private readonly ladder: Ladder<Transport>,
  ) {
    this.groups = new Groups(options.topics, options.after);
    this.access = new Access(options.getAccessToken);
    this.backoff = new Backoff(platform.random);
    this.stopNetwork = platform.watchNetwork({
      online: () => this.wake(),
      offline: () => this.sleep(),
      visible: () => (this.link ? this.link.check() : this.wake()),
    });
    this.attempt();
  }

  get state(): ConnectionState {
    return this.held;
  }

  get topics(): readonly string[] {
    return this.groups.topics;
  }

  /**
   * With which another connection with the same topics can go on; undefined as long as there is none, or while topics
   * that were added have one of their own.
   */
  get cursor(): string | undefined {
    const [first, second] = this.groups.all;
    return second ? undefined : first?.after;
  }

  /** Adds topics, whose events begin now. Those that are there already go on as they are. */
  subscribe(topics: readonly string[]): void {
    const group = this.isClosed ? null : this.groups.add(topics);
    if (!group) return;
    if (this.link) this.link.added(group);
    else if (this.held.phase === 'idle') this.attempt();
  }

  unsubscribe(topics: readonly string[]): void {
    const changed = this.isClosed ? [] : this.groups.remove(topics);
    if (changed.length === 0) return;
    if (this.groups.isEmpty) this.attempt();
    else this.link?.removed(topics, changed);
  }

  /** Ends it for good; again does nothing. */
  close(): void {
    this.finish(null);
  }

  private attempt(): void {
    const turn = this.leave();
    if (this.isClosed) return;
    if (this.groups.isEmpty) {
      this.tell({ phase: 'idle' });
      return;
    }
    this.tell({ phase: 'connecting', transport: this.ladder.current.name });
    this.access.token(false).then(
      (token) => {
        if (turn === this.turn) this.open(token);
      },
      (error: unknown) => {
        if (turn === this.turn) this.wait(this.backoff.next(), tokenProblem(error));
      },
    );
  }

  private open(token: string | null): void {
    const { base, platform, groups } = this;
    const turn = this.turn;
    this.token = token;
    const patience = this.ladder.isTrial ? TRIAL_READY_MS : READY_MS;
    this.after(patience, () => this.ended({ how: 'broken', problem: TOO_LATE }));
    const asking = { base, token, platform, groups: groups.all };
    const link = this.ladder.current.open(asking, this.listener(turn));
    // It may have ended already.
    if (turn === this.turn) this.link = link;
    else link.close();
  }

  private listener(turn: number): LinkListener {
    const current = <Given extends unknown[]>(run: (...given: Given) => void) => {
      return (...given: Given): void => {
        if (turn === this.turn) run(...given);
      };
    };
    return {
      ready: current(() => this.ready()),
      moved: current((group, next, recovered) => this.moved(group, next, recovered)),
      event: current((group, event) => this.deliver(group, event)),
      problem: current((problem) => this.run(() => this.options.onProblem?.(problem, []))),
      joined: current((first, second) => this.groups.join(first, second)),
      renew: () => this.access.token(true),
      ended: current((ended) => this.ended(ended)),
    };
  }

  private ready(): void {
    this.isReady = true;
    this.isRenewed = false;
    this.stopTimers();
    this.ladder.reached();
    this.after(SETTLED_MS, () => {
      this.ladder.settled();
      this.backoff.reset();
    });
    if (!this.ladder.isBest) {
      this.after(this.ladder.trialDelay, () => {
        this.ladder.tryBetter();
        this.attempt();
      });
    }
    this.tell({ phase: 'live', transport: this.ladder.current.name });
  }

  private moved(group: Group, next: string, recovered: boolean): void {
    group.after = next;
    if (!recovered) this.run(() => this.options.onGap?.([...group.topics]));
  }

  private deliver(group: Group, event: FerryEvent): void {
    // What was taken away may still be on its way, and what has come does not come again.
    if (event.id === group.after) return;
    group.after = event.id;
    if (group.topics.includes(event.topic)) this.run(() => this.options.onEvent(event));
  }

  private ended(ended: Ended): void {
    const { isReady } = this;
    const { problem } = ended;
    this.leave();
    switch (ended.how) {
      case 'never':
        this.finish(problem);
        break;
      case 'renew':
        this.renew(problem);
        break;
      case 'refused':
        this.dropRefused(ended.group, problem);
        break;
      case 'now':
        this.wait(
          ended.afterMs ?? (isReady ? this.platform.random() * NOW_MS : this.backoff.next()),
          problem,
        );
        break;
      case 'later':
        this.wait((ended.afterMs ?? 0) + this.backoff.next(), problem);
        break;
      case 'broken':
        this.recover(problem);
    }
  }

  /**
   * A transport is only to blame while the server can be reached; otherwise it waits for the server. Why a handshake of a
   * WebSocket was refused is told to nobody: it may have been the token.
   */
  private recover(problem: Problem): void {
    const { turn, ladder } = this;
    const [group] = this.groups.all;
    if (ladder.isTrial) {
      ladder.failed();
      this.attempt();
      return;
    }
    if (!group || (ladder.isOnly && this.token === null)) {
      this.wait(this.backoff.next(), problem);
      return;
    }
    this.tell({ phase: 'connecting', transport: ladder.current.name });
    void lookFor(this.probe(), group).then((reach) => {
      if (turn !== this.turn) return;
      if (reach === 'refuses the token') this.renew(problem);
      else if (reach === 'reachable' && ladder.failed()) this.attempt();
      else this.wait(this.backoff.next(), problem);
    });
  }

  private probe(): ProbeOptions {
    const { platform, base, token } = this;
    return { platform, base, token, onCall: (call) => this.stops.push(call.cancel) };
  }

  /** With a token that is new: once, until something works. */
  private renew(problem: Problem): void {
    if (!this.access.isRenewable || this.isRenewed) {
      this.finish(problem);
      return;
    }
    this.isRenewed = true;
    const { turn } = this;
    this.tell({ phase: 'connecting', transport: this.ladder.current.name });
    this.access.token(true).then(
      () => {
        if (turn === this.turn) this.attempt();
      },
      (error: unknown) => {
        if (turn !== this.turn) return;
        this.isRenewed = false;
        this.wait(this.backoff.next(), tokenProblem(error));
      },
    );
  }

  /** Goes on without the topics that may not be followed. */
  private dropRefused(group: Group, problem: Problem): void {
    const { turn } = this;
    findRefused(this.probe(), group).then(
      (refused) => {
        if (turn !== this.turn) return;
        for (const one of refused) {
          this.groups.remove([one.topic]);
          this.run(() => this.options.onProblem?.(one.problem, [one.topic]));
        }
        if (turn !== this.turn) return;
        if (refused.length === 0) this.comeBackRefused(group, problem);
        else if (this.groups.isEmpty) this.finish(problem);
        else this.attempt();
      },
      () => {
        if (turn === this.turn) this.wait(this.backoff.next(), NO_ANSWER);
      },
    );
  }

  /** Each topic is all right by itself: it was the cursor, there are too many, or it has changed meanwhile. */
  private comeBackRefused(group: Group, problem: Problem): void {
    if (problem.code === 'invalid_request' && group.after === undefined) {
      this.finish(problem);
      return;
    }
    if (problem.code === 'invalid_request') {
      group.after = undefined;
      this.run(() => this.options.onGap?.([...group.topics]));
    }
    if (!this.isClosed) this.wait(this.backoff.next(), problem);
  }

  private wait(milliseconds: number, problem: Problem): void {
    this.after(milliseconds, () => this.attempt());
    this.tell({ phase: 'waiting', forMs: Math.round(milliseconds), problem });
  }

  /** The network is there, or somebody looks: no reason to wait any longer. */
  private wake(): void {
    if (this.held.phase !== 'waiting' && this.held.phase !== 'offline') return;
    this.backoff.reset();
    this.attempt();
  }

  private sleep(): void {
    if (this.isClosed || this.groups.isEmpty) return;
    this.leave();
    this.after(OFFLINE_TRY_MS, () => this.attempt());
    this.tell({ phase: 'offline' });
  }

  private finish(problem: Problem | null): void {
    if (this.isClosed) return;
    this.leave();
    this.isClosed = true;
    this.stopNetwork();
    this.tell({ phase: 'closed', problem });
  }

  /** Ends the current try. @returns the number of the next one */
  private leave(): number {
    this.turn += 1;
    this.stopTimers();
    const { link } = this;
    this.link = null;
    this.isReady = false;
    link?.close();
    return this.turn;
  }

  private after(milliseconds: number, run: () => void): void {
    this.stops.push(this.platform.timers.after(milliseconds, run));
  }

  private stopTimers(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private tell(state: ConnectionState): void {
    this.held = state;
    this.run(() => this.options.onState?.(state));
  }

  /** An exception of the application is its own: it is reported as one, and changes nothing here. */
  private run(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.platform.timers.after(0, () => {
        throw error;
      });
    }
  }
}

function tokenProblem(error: unknown): Problem {
  return {
    code: NO_ANSWER.code,
    detail: error instanceof Error ? error.message : 'There is no access token.',
  };
}
