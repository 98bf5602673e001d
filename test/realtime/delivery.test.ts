import request from 'supertest';
import { API, makeUpload, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { Refused, type Asking, type RealtimeClient } from '../support/realtime/client';
import { transports } from '../support/realtime/transports';

const START = new Date('2026-11-22T08:15:30.123Z').getTime();
const CURSOR = /^[\w.-]{1,128}$/;

let ferry: Ferry;
let user: TestUser;
let other: TestUser;
let time = START;
const clients: RealtimeClient[] = [];

beforeAll(async () => {
  ferry = await startFerry({ now: () => new Date(time) });
  other = await makeUser(ferry);
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  time = START;
  user = await makeUser(ferry);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.cut();
});

async function publish(topic: string, ...numbers: number[]): Promise<void> {
  for (const n of numbers) await ferry.stores.eventlog.append(topic, 'counted', { n });
}

async function documentOf(owner: TestUser, visibility: 'public' | 'private'): Promise<string> {
  const answer = await request(ferry.url)
    .post(`${API}/documents`)
    .set(owner.auth)
    .send({ title: 'River', body: 'water', visibility })
    .expect(201);
  return (answer.body as { id: string }).id;
}

describe.each(transports)('over $name', (transport) => {
  const open = async (asking: Asking, at: Pick<Ferry, 'url'> = ferry): Promise<RealtimeClient> => {
    const client = await transport.connect(at, asking);
    clients.push(client);
    return client;
  };
  const refusal = async (asking: Asking): Promise<Refused> => {
    const result: unknown = await open(asking).catch((error: unknown) => error);
    if (result instanceof Refused) return result;
    throw result instanceof Error ? result : new Error('the client was not refused');
  };

  it('brings what happens, in its order', async () => {
    const client = await open({ topics: ['documents'] });
    expect(client.ready[0]).toEqual({ next: expect.stringMatching(CURSOR) as string, recovered: true });
    await publish('documents', 1, 2, 3);
    await client.count(3);
    expect(client.data).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(client.events[0]).toEqual({
      id: expect.stringMatching(CURSOR) as string,
      topic: 'documents',
      type: 'counted',
      data: { n: 1 },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    });
  });

  it('brings to a client that comes back exactly what it missed, on all of its topics', async () => {
    const own = `user:${user.id}`;
    const asking = { topics: [own, 'documents'], token: user.accessToken };
    const first = await open(asking);
    await publish(own, 1);
    await publish('documents', 2);
    await first.count(2);
    first.cut();
    await publish(own, 3, 5, 7);
    await publish('documents', 4, 6, 8);
    const second = await open({ ...asking, after: first.cursor });
    expect(second.ready[0]?.recovered).toBe(true);
    await second.count(6);
    await publish(own, 9);
    await second.count(7);
    const of = (client: RealtimeClient, topic: string) =>
      client.events.filter((event) => event.topic === topic).map(({ data }) => (data as { n: number }).n);
    expect(of(second, own)).toEqual([3, 5, 7, 9]);
    expect(of(second, 'documents')).toEqual([4, 6, 8]);
    const third = await open({ ...asking, after: second.events[3]!.id });
    await third.count(3);
    expect(third.events).toEqual(second.events.slice(4));
  });

  it('goes on from the first answer when it was cut before the first event', async () => {
    const first = await open({ topics: ['documents'] });
    first.cut();
    await publish('documents', 1);
    const second = await open({ topics: ['documents'], after: first.cursor });
    await second.count(1);
    expect(second.data).toEqual([{ n: 1 }]);
  });

  it.each([
    [
      'of another server',
      async () => {
        const elsewhere = await startFerry();
        const client = await transport.connect(elsewhere, { topics: ['documents'] });
        client.cut();
        await elsewhere.stop();
        return client.cursor!;
      },
    ],
    [
      'after which too much has come',
      async () => {
        const client = await open({ topics: ['documents'] });
        client.cut();
        await publish('documents', ...Array.from({ length: 1001 }, (_, n) => n));
        return client.cursor!;
      },
    ],
    [
      'that does not cover a topic',
      async () => {
        const client = await open({ topics: [`user:${user.id}`], token: user.accessToken });
        client.cut();
        return client.cursor!;
      },
    ],
    ['that is none', () => Promise.resolve('nonsense')],
  ])('says that something was missed, after a cursor %s', async (_name, cursorOf) => {
    const after = await cursorOf();
    const client = await open({ topics: ['documents'], after });
    expect(client.ready[0]).toEqual({ next: expect.stringMatching(CURSOR) as string, recovered: false });
    await publish('documents', 99);
    await client.count(1);
    expect(client.data).toEqual([{ n: 99 }]);
  });

  it.each([
    [
      'the topic of another user',
      () => ({ topics: [`user:${other.id}`], token: user.accessToken }),
      403,
      'forbidden',
    ],
    [
      'the topic of a user that there is not',
      () => ({ topics: ['user:0'], token: user.accessToken }),
      403,
      'forbidden',
    ],
    [
      'an upload that there is not',
      () => ({ topics: ['upload:0'], token: user.accessToken }),
      404,
      'not_found',
    ],
    [
      'a document that there is not',
      () => ({ topics: ['document:0'], token: user.accessToken }),
      404,
      'not_found',
    ],
    [
      'a topic of a user without credentials',
      () => ({ topics: [`user:${user.id}`] }),
      401,
      'unauthenticated',
    ],
    ['what is no topic', () => ({ topics: ['documents', 'constructor'] }), 400, 'invalid_request'],
    ['a topic with a line break', () => ({ topics: ['document:a\r\nb'] }), 400, 'invalid_request'],
    ['a cursor of other characters', () => ({ topics: ['documents'], after: 'a:b' }), 400, 'invalid_request'],
    [
      'a cursor that is too long',
      () => ({ topics: ['documents'], after: 'a'.repeat(129) }),
      400,
      'invalid_request',
    ],
    [
      'an allowed topic beside a forbidden one',
      () => ({ topics: ['documents', `user:${other.id}`], token: user.accessToken }),
      403,
      'forbidden',
    ],
  ])('refuses %s', async (_what, asking, status, code) => {
    const refused = await refusal(asking());
    expect(refused.code).toBe(code);
    expect([null, status]).toContain(refused.status);
  });

  it('refuses what belongs to another user like what there is not', async () => {
    const upload = await makeUpload(ferry, other, { size: 3 });
    const document = await documentOf(other, 'private');
    for (const topic of [`upload:${upload.id}`, `document:${document}`]) {
      expect((await refusal({ topics: [topic], token: user.accessToken })).code).toBe('not_found');
      await open({ topics: [topic], token: other.accessToken });
    }
  });
});
