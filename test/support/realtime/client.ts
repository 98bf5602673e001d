import { until } from '../../contract/until';
import type { Ferry } from '../ferry';

export interface ReceivedEvent {
  id: string;
  topic: string;
  type: string;
  data: unknown;
  time: string;
}

/** How a client asks for events. */
export interface Asking {
  topics: string[];
  after?: string | undefined;
  token?: string;
  ticket?: string;
  /** Of a `Cookie` field. */
  cookie?: string;
  origin?: string;
}

/** What one client has got, whatever its transport. */
export class Received {
  readonly events: ReceivedEvent[] = [];
  readonly ready: { next: string; recovered: boolean }[] = [];
  readonly problems: { code: string; detail: string }[] = [];
  /** How the server ended it: a code, or a word. */
  closed: string | null = null;

  /** The cursor with which the client would come back. */
  get cursor(): string | undefined {
    return this.events.at(-1)?.id ?? this.ready.at(-1)?.next;
  }

  get data(): unknown[] {
    return this.events.map(({ data }) => data);
  }

  async count(events: number): Promise<void> {
    await until(() => this.events.length >= events);
  }
}

export interface RealtimeClient extends Received {
  /** Ends without a word. */
  cut(): void;
}

/** The server did not take the client. */
export class Refused extends Error {
  constructor(
    readonly status: number | null,
    readonly code: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(`refused: ${status ?? ''} ${code}`);
  }
}

export interface TestTransport {
  name: string;
  /** Resolves once events come. @throws Refused */
  connect(ferry: Pick<Ferry, 'url'>, asking: Asking): Promise<RealtimeClient>;
}

export function headersOf({ token, cookie, origin }: Asking): Record<string, string> {
  return {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(cookie !== undefined && { Cookie: cookie }),
    ...(origin !== undefined && { Origin: origin }),
  };
}

export function queryOf({ topics, after, ticket }: Asking, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ topics: topics.join(','), ...more });
  if (after !== undefined) query.set('after', after);
  if (ticket !== undefined) query.set('ticket', ticket);
  return query.toString();
}
