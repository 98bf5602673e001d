import { Forbidden, InvalidRequest, Unavailable } from '../../errors';
import type { Position } from '../../models/eventlog';
import { Consumer, type Outlet } from './consumer';
import type { Admission } from './credentials';
import { isCursorText } from './cursors';
import { CursorWriter } from './cursor-writer';
import type { Ending } from './endings';
import type { Feed, Feeds } from './feed';
import { locate } from './locate';
import type { HubCounts } from './metrics';
import type { Place } from './places';
import type { Timers } from './timers';
import type { TopicAccess } from './topic-access';
import type { Watch, Watched } from './watch';

/** What a transport does for one connection. */
export interface Peer extends Outlet {
  /** Tells of something that goes wrong, while the connection goes on. */
  notice(problem: { code: string; detail: string }): void;
  /** Whether it cannot go on with other topics than those that it began with. */
  readonly isOfFixedTopics?: boolean;
  /** Tells the client, as far as that is possible, and ends the connection. */
  close(ending: Ending): void;
  /** Ends it at once, without a word. */
  terminate(): void;
}

/** Where a subscription begins: `next` is its cursor. */
export interface Ready {
  next: string;
  /** Whether what the client missed will come. False: it is gone, and the client should read anew what it shows. */
  recovered: boolean;
}

export interface ConnectionOptions {
  feeds: Feeds;
  access: TopicAccess;
  watch: Watch;
  counts: HubCounts;
  timers: Timers;
  /** Of one connection. */
  maxTopics: number;
  /** Who has the access token. @throws `InvalidToken` */
  admit: (accessToken: string) => Promise<Admission>;
  onEnd: (ending: Ending) => void;
  onFailure: (error: unknown) => void;
}

/** One client that is connected, whatever the transport: its topics, and what it may. */
export class Connection implements Watched {
  private feed: Feed | null = null;
  private consumer: Consumer | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private ended = false;

  constructor(
    private readonly place: Place,
    private readonly peer: Peer,
    private held: Admission,
    private readonly options: ConnectionOptions,
  ) {
    options.watch.add(this);
  }

  get admission(): Admission {
    return this.held;
  }

  get topics(): readonly string[] {
    return this.feed?.topics ?? [];
  }

  get alive(): boolean {
    return !this.ended;
  }

  /**
   * Adds topics. Those that the connection has already go on as they were.
   * @param after the cursor from which the new ones begin; undefined for now
   * @param ready called before the first event
   * @throws `InvalidRequest`, `Unauthenticated`, `Forbidden`, `NotFound`, `Unavailable`
   */
  subscribe(
    topics: readonly string[],
    after: string | undefined,
    ready: (answer: Ready) => void,
  ): Promise<void> {
    return this.inTurn(async () => {
      if (after !== undefined && !isCursorText(after)) {
        throw InvalidRequest.of([{ path: 'after', message: 'should be a cursor' }]);
      }
      await this.options.access.require(this.admission.principal, topics);
      const all = [...new Set([...this.topics, ...topics])];
      if (all.length > this.options.maxTopics) {
        const message = `should be at most ${this.options.maxTopics} with those there are`;
        throw InvalidRequest.of([{ path: 'topics', message }]);
      }
      await this.move(all, after, ready);
    });
  }

  /** Takes topics away; those that the connection does not have do not matter. */
  unsubscribe(topics: readonly string[]): Promise<void> {
    return this.inTurn(async () => {
      const rest = this.topics.filter((topic) => !topics.includes(topic));
      if (rest.length < this.topics.length) await this.move(rest, undefined, () => undefined);
    });
  }

  /** Takes a new access token of the same user. @throws `InvalidToken`, `Forbidden` */
  refresh(accessToken: string): Promise<void> {
    return this.inTurn(async () => this.assign(await this.options.admit(accessToken)));
  }

  /** The connection turns out to be that of a user. @throws `Forbidden` for another one, `RateLimited` */
  assign(admission: Admission): void {
    const before = this.held.principal?.userId ?? null;
    const after = admission.principal?.userId ?? null;
    if (before !== null && before !== after) throw new Forbidden('That is the token of another user.');
    if (after !== null) this.place.assign(after);
    if (this.ended) return;
    this.options.watch.remove(this);
    this.held = admission;
    this.options.watch.add(this);
  }

  askToRefresh(): void {
    this.peer.notice({ code: 'invalid_token', detail: 'The access token has expired: send another one.' });
  }

  withdraw(topics: string[]): void {
    this.peer.notice({ code: 'not_found', detail: `You may not read this any more: ${topics.join(', ')}` });
    if (this.peer.isOfFixedTopics) {
      this.end('unreadable');
      return;
    }
    this.unsubscribe(topics).catch((error: unknown) => this.fail(error));
  }

  /** Ends the connection; again does nothing. */
  end(ending: Ending): void {
    if (this.ended) return;
    this.ended = true;
    this.options.watch.remove(this);
    this.consumer?.stop();
    if (this.feed) this.options.feeds.release(this.feed);
    this.place.leave();
    this.options.onEnd(ending);
    this.peer.close(ending);
  }

  /** Ends it without waiting for the client to take what it was sent. */
  cut(): void {
    this.end('restart');
    this.peer.terminate();
  }

  /** One change at a time, in the order in which they were asked for. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async move(
    topics: readonly string[],
    after: string | undefined,
    ready: (answer: Ready) => void,
  ): Promise<void> {
    const { feeds } = this.options;
    const added = topics.filter((topic) => !this.topics.includes(topic));
    this.place.hold(topics.length);
    const feed = topics.length === 0 ? null : await this.acquire(topics);
    let start: Map<string, Position> | null = new Map();
    try {
      if (feed && after !== undefined) start = await locate(feed, added, after);
      if (this.ended) throw new Unavailable('The connection has ended.');
    } catch (error) {
      if (feed) feeds.release(feed);
      this.place.hold(this.topics.length);
      throw error;
    }
    this.follow(feed, feed ? this.positionsIn(feed, start) : []);
    if (!this.feed || !this.consumer) return;
    try {
      await this.begin(this.feed, this.consumer, start !== null, ready);
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  private async begin(
    feed: Feed,
    consumer: Consumer,
    located: boolean,
    ready: (answer: Ready) => void,
  ): Promise<void> {
    const recovered = (await consumer.prepare()) && located;
    const writer = new CursorWriter(feed.topics, feed.marks);
    const next = writer.write(consumer.positions);
    await writer.settled();
    if (this.isEnded()) return;
    if (!recovered) this.options.counts.lost += 1;
    ready({ next, recovered });
    consumer.start();
  }

  private async acquire(topics: readonly string[]): Promise<Feed> {
    try {
      return await this.options.feeds.acquire(topics);
    } catch (error) {
      this.place.hold(this.topics.length);
      throw error;
    }
  }

  /** Asked anew: `end` is called from elsewhere. */
  private isEnded(): boolean {
    return this.ended;
  }

  /** Topics that the connection has go on from where it is, the others from `start`, or else from now. */
  private positionsIn(feed: Feed, start: Map<string, Position> | null): Position[] {
    const own = this.consumer?.positions ?? [];
    const had = new Map(this.topics.map((topic, place) => [topic, own[place]]));
    return feed.positions.map((now, place) => {
      const topic = feed.topics[place] ?? '';
      return had.get(topic) ?? start?.get(topic) ?? now;
    });
  }

  private follow(feed: Feed | null, positions: Position[]): void {
    const { feeds, counts, timers } = this.options;
    this.consumer?.stop();
    const old = this.feed;
    this.feed = feed;
    this.consumer =
      feed &&
      new Consumer({
        feed,
        positions,
        outlet: this.peer,
        transport: this.place.transport,
        counts,
        timers,
        onSlow: () => this.end('slow'),
        onFailure: (error) => this.fail(error),
      });
    if (old) feeds.release(old);
  }

  private fail(error: unknown): void {
    if (this.ended) return;
    this.options.onFailure(error);
    this.end('unavailable');
  }
}
