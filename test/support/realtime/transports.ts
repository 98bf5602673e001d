import { EventSource } from 'eventsource';
import { until } from '../../contract/until';
import { API } from '../factories';
import type { Ferry } from '../ferry';
import {
  headersOf,
  queryOf,
  Received,
  Refused,
  type Asking,
  type RealtimeClient,
  type ReceivedEvent,
  type TestTransport,
} from './client';
import { openSocketio } from './socketio';
import { openWebsocket } from './websocket';

async function refusalOf(response: Response): Promise<Refused> {
  const { code } = (await response.json()) as { code: string };
  return new Refused(response.status, code, Object.fromEntries(response.headers));
}

/** Asks again and again, as long as it is not cut off or refused. */
class PollingClient extends Received implements RealtimeClient {
  private readonly gone = new AbortController();

  constructor(
    private readonly ferry: Pick<Ferry, 'url'>,
    private readonly asking: Asking,
    private readonly wait: number,
  ) {
    super();
  }

  async begin(): Promise<void> {
    await this.ask(this.asking.after, 0);
    void this.run();
  }

  cut(): void {
    this.gone.abort();
  }

  private async run(): Promise<void> {
    try {
      while (!this.gone.signal.aborted) {
        await this.ask(this.ready.at(-1)?.next, this.wait);
        if (this.wait === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } catch (error) {
      this.closed ??= this.gone.signal.aborted ? null : error instanceof Refused ? error.code : 'broken';
    }
  }

  private async ask(after: string | undefined, wait: number): Promise<void> {
    const query = queryOf({ ...this.asking, after }, { wait: String(wait) });
    const response = await fetch(`${this.ferry.url}${API}/events?${query}`, {
      headers: headersOf(this.asking),
      signal: this.gone.signal,
    });
    if (response.status !== 200) throw await refusalOf(response);
    const { events, next, recovered } = (await response.json()) as {
      events: ReceivedEvent[];
      next: string;
      recovered: boolean;
    };
    this.events.push(...events);
    this.ready.push({ next, recovered });
  }
}

function polling(name: string, wait: number): TestTransport {
  return {
    name,
    async connect(ferry, asking) {
      const client = new PollingClient(ferry, asking, wait);
      await client.begin();
      return client;
    },
  };
}

class SseClient extends Received implements RealtimeClient {
  constructor(readonly source: EventSource) {
    super();
  }

  cut(): void {
    this.source.close();
  }
}

const TYPES = ['counted', 'session.revoked', 'document.updated', 'document.deleted', 'comment.created'];

const sse: TestTransport = {
  name: 'SSE',
  connect(ferry, asking) {
    return new Promise((resolve, reject) => {
      const source = new EventSource(`${ferry.url}${API}/events/stream?${queryOf(asking)}`, {
        fetch: async (url, init) => {
          const response = await fetch(url, { ...init, headers: { ...init.headers, ...headersOf(asking) } });
          if (response.status !== 200) reject(await refusalOf(response.clone()));
          return response;
        },
      });
      const client = new SseClient(source);
      const parse = (event: MessageEvent): unknown => JSON.parse(event.data as string);
      for (const type of TYPES) {
        source.addEventListener(type, (event) => client.events.push(parse(event) as ReceivedEvent));
      }
      source.addEventListener('problem', (event) =>
        client.problems.push(parse(event) as { code: string; detail: string }),
      );
      source.addEventListener('ready', (event) => {
        client.ready.push(parse(event) as { next: string; recovered: boolean });
        resolve(client);
      });
      // It would come back by itself; the tests say when.
      source.addEventListener('error', () => {
        client.closed ??= 'ended';
        source.close();
      });
    });
  },
};

const websocket: TestTransport = {
  name: 'WebSocket',
  async connect(ferry, asking) {
    const client = await openWebsocket(ferry, asking);
    client.send({ op: 'subscribe', topics: asking.topics, after: asking.after });
    await until(() => client.ready.length + client.problems.length > 0 || client.closed !== null);
    const [problem] = client.problems;
    if (!problem) return client;
    client.cut();
    throw new Refused(null, problem.code);
  },
};

function socketio(name: string, transports: string[]): TestTransport {
  return {
    name,
    async connect(ferry, asking) {
      const client = await openSocketio(ferry, asking, transports);
      await client.subscribe(asking.topics, asking.after);
      return client;
    },
  };
}

/** The five transports, socket.io over both of its own. */
export const transports: TestTransport[] = [
  polling('short poll', 0),
  polling('long poll', 25),
  sse,
  websocket,
  socketio('socket.io over WebSocket', ['websocket']),
  socketio('socket.io over polling', ['polling']),
];
