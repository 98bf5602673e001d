import type { Platform } from '../platform/platform';
import type { ConnectionState, ConnectOptions, FerryEvent, Problem } from '../types';
import { Access, tokenProblem } from './access';
import { Application } from './application';
import { Backoff } from './backoff';
import { Groups, type Group } from './groups';
import type { Ladder } from './ladder';
import { NO_ANSWER, TOO_LATE } from './requests';
import { findRefused, lookFor, type ProbeOptions } from './probe';
import { NOW_MS, OFFLINE_TRY_MS, READY_MS, SETTLED_MS, TRIAL_READY_MS } from './timing';
import type { Ended, Link, LinkListener, Transport } from './transport';
import { Turns } from './turns';

/** Follows topics for as long as it is not closed, over whatever transport works. */
export class EventConnection {
  private readonly application: Application;
  private readonly turns: Turns;
  private readonly groups: Groups;
  private readonly access: Access;
  private readonly backoff: Backoff;
  private readonly stopNetwork: () => void;
  private link: Link | null = null;
  private token: string | null = null;
  private isReady = false;
  /** The token was renewed, and nothing has worked since. */
  private isRenewed = false;
  private isClosed = false;

  constructor(
    private readonly base: string,
    options: ConnectOptions,
    private readonly platform: Platform,
    private readonly ladder: Ladder<Transport>,
  ) {
    this.application = new Application(options, platform.timers);
    this.turns = new Turns(platform.timers);
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
    return this.application.state;
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
    else if (this.application.state.phase === 'idle') this.attempt();
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
    this.leave();
    if (this.isClosed) return;
    if (this.groups.isEmpty) {
      this.application.tell({ phase: 'idle' });
      return;
    }
    this.application.tell({ phase: 'connecting', transport: this.ladder.current.name });
    this.turns.when(
      this.access.token(false),
      (token) => this.open(token),
      (error) => this.wait(this.backoff.next(), tokenProblem(error)),
    );
  }

  private open(token: string | null): void {
    const { base, platform, groups } = this;
    const isCurrent = this.turns.mark();
    this.token = token;
    const patience = this.ladder.isTrial ? TRIAL_READY_MS : READY_MS;
    this.turns.after(patience, () => this.ended({ how: 'broken', problem: TOO_LATE }));
    const asking = { base, token, platform, groups: groups.all };
    const link = this.ladder.current.open(asking, this.listener(isCurrent));
    // It may have ended already.
    if (isCurrent()) this.link = link;
    else link.close();
  }

  private listener(isCurrent: () => boolean): LinkListener {
    const current = <Given extends unknown[]>(run: (...given: Given) => void) => {
      return (...given: Given): void => {
        if (isCurrent()) run(...given);
      };
    };
    return {
      ready: current(() => this.ready()),
      moved: current((group, next, recovered) => this.moved(group, next, recovered)),
      event: current((group, event) => this.deliver(group, event)),
      problem: current((problem) => this.application.problem(problem, [])),
      joined: current((first, second) => this.groups.join(first, second)),
      renew: () => this.access.token(true),
      ended: current((ended) => this.ended(ended)),
    };
  }

  private ready(): void {
    this.isReady = true;
    this.isRenewed = false;
    this.turns.stop();
    this.ladder.reached();
    this.turns.after(SETTLED_MS, () => {
      this.ladder.settled();
      this.backoff.reset();
    });
    if (!this.ladder.isBest) {
      this.turns.after(this.ladder.trialDelay, () => {
        this.ladder.tryBetter();
        this.attempt();
      });
    }
    this.application.tell({ phase: 'live', transport: this.ladder.current.name });
  }

  private moved(group: Group, next: string, recovered: boolean): void {
    group.after = next;
    if (!recovered) this.application.gap(group.topics);
  }

  private deliver(group: Group, event: FerryEvent): void {
    // What was taken away may still be on its way, and what has come does not come again.
    if (event.id === group.after) return;
    group.after = event.id;
    if (group.topics.includes(event.topic)) this.application.event(event);
  }

  private ended(ended: Ended): void {
    const { isReady } = this;
    this.leave();
    const { problem } = ended;
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
    const { ladder } = this;
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
    this.application.tell({ phase: 'connecting', transport: ladder.current.name });
    this.turns.when(lookFor(this.probe(), group), (reach) => {
      if (reach === 'refuses the token') this.renew(problem);
      else if (reach === 'reachable' && ladder.failed()) this.attempt();
      else this.wait(this.backoff.next(), problem);
    });
  }

  private probe(): ProbeOptions {
    const { platform, base, token, turns } = this;
    return { platform, base, token, onCall: ({ cancel }) => turns.stopLater(cancel) };
  }

  /** With a token that is new: once, until something works. */
  private renew(problem: Problem): void {
    if (!this.access.isRenewable || this.isRenewed) {
      this.finish(problem);
      return;
    }
    this.isRenewed = true;
    this.application.tell({ phase: 'connecting', transport: this.ladder.current.name });
    this.turns.when(
      this.access.token(true),
      () => this.attempt(),
      (error) => {
        this.isRenewed = false;
        this.wait(this.backoff.next(), tokenProblem(error));
      },
    );
  }

  /** Goes on without the topics that may not be followed. */
  private dropRefused(group: Group, problem: Problem): void {
    const isCurrent = this.turns.mark();
    this.turns.when(
      findRefused(this.probe(), group),
      (refused) => {
        for (const one of refused) {
          this.groups.remove([one.topic]);
          this.application.problem(one.problem, [one.topic]);
        }
        if (!isCurrent()) return;
        if (refused.length === 0) this.comeBackRefused(group, problem);
        else if (this.groups.isEmpty) this.finish(problem);
        else this.attempt();
      },
      () => this.wait(this.backoff.next(), NO_ANSWER),
    );
  }

  /** Each topic is all right by itself: it was the cursor, there are too many, or it has changed meanwhile. */
  private comeBackRefused(group: Group, problem: Problem): void {
    const isInvalid = problem.code === 'invalid_request';
    if (isInvalid && group.after === undefined) this.finish(problem);
    else if (isInvalid) {
      group.after = undefined;
      this.application.gap(group.topics);
    }
    if (!this.isClosed) this.wait(this.backoff.next(), problem);
  }

  private wait(milliseconds: number, problem: Problem): void {
    this.turns.after(milliseconds, () => this.attempt());
    this.application.tell({ phase: 'waiting', forMs: Math.round(milliseconds), problem });
  }

  /** The network is there, or somebody looks: no reason to wait any longer. */
  private wake(): void {
    if (this.application.state.phase !== 'waiting' && this.application.state.phase !== 'offline') return;
    this.backoff.reset();
    this.attempt();
  }

  private sleep(): void {
    if (this.isClosed || this.groups.isEmpty) return;
    this.leave();
    this.turns.after(OFFLINE_TRY_MS, () => this.attempt());
    this.application.tell({ phase: 'offline' });
  }

  private finish(problem: Problem | null): void {
    if (this.isClosed) return;
    this.leave();
    this.isClosed = true;
    this.stopNetwork();
    this.application.tell({ phase: 'closed', problem });
  }

  /** Ends the current try. */
  private leave(): void {
    this.turns.next();
    const { link } = this;
    this.link = null;
    this.isReady = false;
    link?.close();
  }
}
