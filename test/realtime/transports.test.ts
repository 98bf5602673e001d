import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { transports, type Asking, type RealtimeClient } from '../support/realtime';
import { until } from '../contract/until';

let ferry: Ferry;
let user: TestUser;
const clients: RealtimeClient[] = [];

beforeAll(async () => {
  ferry = await startFerry();
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

afterEach(() => {
  for (const client of clients.splice(0)) client.cut();
});

describe.each(transports)('over $name', ({ connect }) => {
  const open = async (asking: Asking): Promise<RealtimeClient> => {
    const client = await connect(ferry, asking);
    clients.push(client);
    return client;
  };
  const publish = async (topic: string, ...numbers: number[]): Promise<void> => {
    for (const n of numbers) await ferry.stores.eventlog.append(topic, 'counted', { n });
  };

  it('brings what happens, in its order', async () => {
    const client = await open({ topics: ['documents'] });
    expect(client.ready[0]).toEqual({ next: expect.stringMatching(/^[\w.-]{1,128}$/) as string, recovered: true });
    await publish('documents', 1, 2, 3);
    await client.count(3);
    expect(client.data).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(client.events[0]).toEqual({
      id: expect.stringMatching(/^[\w.-]{1,128}$/) as string,
      topic: 'documents',
      type: 'counted',
      data: { n: 1 },
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
  });
});
