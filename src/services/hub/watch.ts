import type { EventLog } from '../../models/eventlog';
import type { Clock, Log } from '../runtime';
import type { Principal } from '../tokens';
import type { Admission, SignInChecks } from './credentials';
import type { Ending } from './endings';
import type { TopicAccess } from './topic-access';

/** How long a client may go on after its token has expired. */
const GRACE_MS = 25_000;

/** What goes on for as long as its client may have it: a connection, or a request that waits. */
export interface Watched {
  readonly admission: Admission;
  readonly topics: readonly string[];
  /** The token has expired: asks for another one. */
  askToRefresh(): void;
  /** These topics may not be read any more. */
  withdraw(topics: string[]): void;
  end(ending: Ending): void;
}

interface WatchOptions {
  log: EventLog;
  signIns: SignInChecks;
  access: TopicAccess;
  now: Clock;
  report: Log;
}

interface Following {
  stop: Promise<() => Promise<void>>;
  watched: Set<Watched>;
}

/**
 * Sees to it that nobody gets events who may not any more. Revocations are heard of at once; since that may fail, every
 * sign-in and every topic that can be hidden is also looked up now and then, all of them in few queries.
 */
export class Watch {
  private readonly all = new Map<Watched, { askedFor: Date | null }>();
  private readonly byUser = new Map<string, Following>();
  private checking: Promise<void> | null = null;

  constructor(private readonly options: WatchOptions) {}

  get size(): number {
    return this.all.size;
  }

  [Symbol.iterator](): IterableIterator<Watched> {
    return this.all.keys();
  }

  add(watched: Watched): void {
    this.all.set(watched, { askedFor: null });
    const { principal } = watched.admission;
    if (principal) this.follow(principal, watched);
  }

  /** To be called before the watched one's user changes, and at its end. */
  remove(watched: Watched): void {
    if (!this.all.delete(watched)) return;
    const userId = watched.admission.principal?.userId ?? '';
    const following = this.byUser.get(userId);
    if (!following?.watched.delete(watched) || following.watched.size > 0) return;
    this.byUser.delete(userId);
    void following.stop.then((stop) => stop()).catch(() => undefined);
  }

  /** One check at a time; a call during one waits for it. */
  check(): Promise<void> {
    this.checking ??= this.lookAtAll().finally(() => {
      this.checking = null;
    });
    return this.checking;
  }

  private follow({ userId }: Principal, watched: Watched): void {
    const following = this.byUser.get(userId) ?? { stop: this.listen(userId), watched: new Set() };
    following.watched.add(watched);
    this.byUser.set(userId, following);
  }

  private async listen(userId: string): Promise<() => Promise<void>> {
    try {
      return await this.options.log.subscribe(`user:${userId}`, ({ type, data }) => {
        if (type !== 'session.revoked') return;
        const { id } = data as { id?: unknown };
        for (const watched of this.byUser.get(userId)?.watched ?? []) {
          if (watched.admission.principal?.signInId === id) watched.end('revoked');
        }
      });
    } catch {
      // The checks find it out, too.
      return () => Promise.resolve();
    }
  }

  private async lookAtAll(): Promise<void> {
    this.lookAtTokens();
    try {
      await this.lookAtSignIns();
      await this.lookAtTopics();
    } catch (error) {
      this.options.report.warn({ err: error }, 'the credentials of realtime clients could not be checked');
    }
  }

  private lookAtTokens(): void {
    const at = this.options.now().getTime();
    for (const [watched, state] of this.all) {
      const { until } = watched.admission;
      if (until === null || at < until.getTime()) continue;
      if (at >= until.getTime() + GRACE_MS) watched.end('expired');
      else if (state.askedFor !== until) {
        state.askedFor = until;
        watched.askToRefresh();
      }
    }
  }

  private async lookAtSignIns(): Promise<void> {
    const principals = new Map<string, Principal>();
    for (const { admission } of this.all.keys()) {
      if (admission.principal) principals.set(admission.principal.signInId, admission.principal);
    }
    const ended = await this.options.signIns.ended([...principals.values()]);
    if (ended.size === 0) return;
    for (const watched of [...this.all.keys()]) {
      if (ended.has(watched.admission.principal?.signInId ?? '')) watched.end('revoked');
    }
  }

  private async lookAtTopics(): Promise<void> {
    const { access } = this.options;
    const topics = new Set<string>();
    for (const watched of this.all.keys()) {
      for (const topic of watched.topics) if (access.mayChange(topic)) topics.add(topic);
    }
    if (topics.size === 0) return;
    const rules = await access.rules([...topics]);
    for (const watched of [...this.all.keys()]) {
      const hidden = watched.topics.filter((topic) => rules.get(topic)?.(watched.admission.principal));
      if (hidden.length > 0) watched.withdraw(hidden);
    }
  }
}
