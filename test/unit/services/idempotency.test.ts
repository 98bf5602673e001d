import { Conflict, IdempotencyMismatch } from '../../../src/errors';
import type { Idempotency } from '../../../src/services/idempotency';
import { startFerry, type Ferry } from '../../support/ferry';
import { makeUser } from '../../support/factories';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const REQUEST = ['POST', '/api/v1/uploads', { name: 'a.bin', size: 1 }];
const ANSWER = { status: 201, headers: { Location: '/somewhere' }, body: { id: 'x', list: [1, null, '字'] } };

describe('an idempotency key', () => {
  let ferry: Ferry;
  let idempotency: Idempotency;
  let now = new Date('2026-11-22T08:00:00Z');
  let owner: string;
  const pass = (milliseconds: number) => (now = new Date(now.getTime() + milliseconds));
  const begin = (key = 'key', request: unknown = REQUEST, by = owner) => idempotency.begin(by, key, request);

  beforeAll(async () => {
    ferry = await startFerry({ now: () => now });
    ({ idempotency } = ferry.services);
  });

  beforeEach(async () => {
    owner = (await makeUser(ferry)).id;
  });

  afterAll(() => ferry.stop());

  it('lets the first request work, and gives its answer to the same one again', async () => {
    const turn = await begin();
    expect(turn).toEqual({ kind: 'first', resourceId: expect.stringMatching(/^[0-9a-z]{26}$/) as string });
    await idempotency.finish(owner, 'key', ANSWER);
    for (let i = 0; i < 3; i += 1) expect(await begin()).toEqual({ kind: 'repeated', answer: ANSWER });
  });

  it.each<[string, unknown]>([
    ['body', ['POST', '/api/v1/uploads', { name: 'a.bin', size: 2 }]],
    ['path', ['POST', '/api/v1/documents', { name: 'a.bin', size: 1 }]],
    ['method', ['PUT', '/api/v1/uploads', { name: 'a.bin', size: 1 }]],
    ['body, none', ['POST', '/api/v1/uploads', null]],
  ])('is refused for another %s, before and after the answer', async (_, other) => {
    await begin();
    await expect(begin('key', other)).rejects.toBeInstanceOf(IdempotencyMismatch);
    await idempotency.finish(owner, 'key', ANSWER);
    await expect(begin('key', other)).rejects.toBeInstanceOf(IdempotencyMismatch);
    expect(await begin()).toEqual({ kind: 'repeated', answer: ANSWER });
  });

  it('belongs to its user and to itself', async () => {
    await begin();
    await idempotency.finish(owner, 'key', ANSWER);
    const other = (await makeUser(ferry)).id;
    for (const turn of [
      await begin('key', REQUEST, other),
      await begin('Key'),
      await begin('key '),
      await begin('其他'),
    ]) {
      expect(turn.kind).toBe('first');
    }
  });

  it('lets one of many that come at once work', async () => {
    const turns = await Promise.allSettled(Array.from({ length: 8 }, () => begin()));
    const works = turns.filter(({ status }) => status === 'fulfilled');
    const refused = turns.flatMap((turn): unknown[] => (turn.status === 'rejected' ? [turn.reason] : []));
    expect(works).toHaveLength(1);
    for (const reason of refused) {
      expect(reason).toBeInstanceOf(Conflict);
      expect(reason).toMatchObject({ headers: { 'Retry-After': '1' } });
    }
  });

  it('is taken over, under the same id, when the first request has been silent for a minute', async () => {
    const first = await begin();
    pass(MINUTE);
    await expect(begin()).rejects.toBeInstanceOf(Conflict);
    pass(1);
    expect(await begin()).toEqual(first);
    await expect(begin()).rejects.toBeInstanceOf(Conflict);
    pass(MINUTE + 1);
    const turns = await Promise.allSettled(Array.from({ length: 8 }, () => begin()));
    expect(turns.filter(({ status }) => status === 'fulfilled')).toEqual([
      { status: 'fulfilled', value: first },
    ]);
  });

  it('gives the answer of a first request that was slow, not dead', async () => {
    await begin();
    pass(2 * MINUTE);
    await idempotency.finish(owner, 'key', ANSWER);
    expect(await begin()).toEqual({ kind: 'repeated', answer: ANSWER });
  });

  it('is forgotten when its request failed', async () => {
    const first = await begin();
    await idempotency.abandon(owner, 'key');
    const again = await begin('key', ['POST', '/another', {}]);
    expect(again.kind).toBe('first');
    expect(again).not.toEqual(first);
  });

  it('is good for a day', async () => {
    const first = await begin();
    await idempotency.finish(owner, 'key', ANSWER);
    pass(DAY - 1);
    expect(await begin()).toEqual({ kind: 'repeated', answer: ANSWER });
    pass(1);
    const next = await begin('key', ['POST', '/another', {}]);
    expect(next.kind).toBe('first');
    expect(next).not.toEqual(first);
  });

  it('is cleaned up after that', async () => {
    await begin();
    await ferry.services.maintenance.run();
    expect(await ferry.stores.sql.idempotency.find(owner, 'key')).not.toBeNull();
    pass(DAY + 1);
    await ferry.services.maintenance.run();
    expect(await ferry.stores.sql.idempotency.find(owner, 'key')).toBeNull();
  });
});
