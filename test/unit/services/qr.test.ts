import { Conflict, Gone, NotFound } from '../../../src/errors';
import type { QrState } from '../../../src/services/qr';
import { BEGIN, CHROME, QrBench, anna, ben } from '../../support/qr-bench';

let bench: QrBench;

/** Ways into each state. */
const ways: Record<string, () => unknown> = {
  created: () => undefined,
  scanned: () => bench.scan(),
  confirmed: () => bench.confirm(),
  claimed: () => bench.confirm().then(bench.claim),
  cancelled: () => bench.scan().then(() => bench.refuse()),
  'cancelled after it was confirmed': () => bench.confirm().then(() => bench.refuse()),
  expired: () => bench.expire(),
  'scanned and expired': () => bench.scan().then(() => bench.expire()),
  'confirmed and expired': () => bench.confirm().then(() => bench.expire()),
};

const actions = {
  scan: () => bench.scan(),
  approve: () => bench.approve(),
  refuse: () => bench.refuse(),
  claim: () => bench.claim(),
  'scan by another': () => bench.scan(ben),
  'approve by another': () => bench.approve(ben),
  'refuse by another': () => bench.refuse(ben),
};

beforeEach(async () => {
  bench = await QrBench.create();
});

afterEach(() => bench.keyvalue.close());

describe('a sign-in by QR code', () => {
  it('begins with two secrets of which the store has neither', async () => {
    const { made, keyvalue } = bench;
    expect(made.ticket).toMatch(/^[\w-]{22}$/);
    expect(made.claimSecret).toMatch(/^[\w-]{43}$/);
    expect(made.expiresAt).toEqual(new Date(BEGIN + 120_000));
    const record = await keyvalue.get(`qr:${made.id}`);
    expect(record).toContain('Chrome on Windows');
    expect(record).not.toContain(made.claimSecret);
    expect(record).not.toContain(made.ticket);
    expect(await keyvalue.get(`qr-ticket:${made.ticket}`)).toBeNull();
    expect(await keyvalue.timeToLive(`qr:${made.id}`)).toBeLessThanOrEqual(180_000);
  });

  it('goes its way to the one who scanned', async () => {
    const { qr, made } = bench;
    const look = () => qr.look(made.id, made.claimSecret);
    expect(await look()).toEqual({ state: 'created', matchCode: null, scannedBy: null });
    const scanned = await bench.scan();
    expect(scanned).toEqual({
      id: made.id,
      matchCode: expect.stringMatching(/^\d\d$/) as string,
      browser: 'Chrome on Windows',
      createdAt: new Date(BEGIN),
    });
    const seen = { matchCode: scanned.matchCode, scannedBy: 'Name of anna' };
    expect(await look()).toEqual({ state: 'scanned', ...seen });
    await bench.approve();
    expect(await look()).toEqual({ state: 'confirmed', ...seen });
    expect(await bench.claim()).toBe('anna');
    expect(await look()).toEqual({ state: 'expired', ...seen });
  });

  it.each<[keyof typeof ways, keyof typeof actions, QrState | typeof Conflict]>([
    ['created', 'scan', 'scanned'],
    ['created', 'approve', Conflict],
    ['created', 'refuse', Conflict],
    ['created', 'claim', Conflict],
    ['scanned', 'scan', 'scanned'],
    ['scanned', 'scan by another', Conflict],
    ['scanned', 'approve', 'confirmed'],
    ['scanned', 'approve by another', Conflict],
    ['scanned', 'refuse', 'cancelled'],
    ['scanned', 'refuse by another', Conflict],
    ['scanned', 'claim', Conflict],
    ['confirmed', 'scan', Conflict],
    ['confirmed', 'scan by another', Conflict],
    ['confirmed', 'approve', 'confirmed'],
    ['confirmed', 'approve by another', Conflict],
    ['confirmed', 'refuse', 'cancelled'],
    ['confirmed', 'refuse by another', Conflict],
    ['confirmed', 'claim', 'expired'],
    ['claimed', 'scan', Gone],
    ['claimed', 'scan by another', Gone],
    ['claimed', 'approve', 'expired'],
    ['claimed', 'approve by another', Conflict],
    ['claimed', 'refuse', Conflict],
    ['claimed', 'claim', Conflict],
    ['cancelled', 'scan', Gone],
    ['cancelled', 'scan by another', Gone],
    ['cancelled', 'approve', Conflict],
    ['cancelled', 'refuse', 'cancelled'],
    ['cancelled', 'claim', Conflict],
    ['cancelled after it was confirmed', 'approve', Conflict],
    ['cancelled after it was confirmed', 'claim', Conflict],
    ['expired', 'scan', Gone],
    ['expired', 'approve', Conflict],
    ['expired', 'claim', Conflict],
    ['scanned and expired', 'scan', Gone],
    ['scanned and expired', 'approve', Conflict],
    ['scanned and expired', 'refuse', Conflict],
    ['confirmed and expired', 'approve', Conflict],
    ['confirmed and expired', 'refuse', Conflict],
    ['confirmed and expired', 'claim', Conflict],
  ])('%s, then %s → %p', async (from, action, outcome) => {
    await ways[from]!();
    const before = await bench.state();
    if (typeof outcome === 'string') {
      await actions[action]();
      expect(await bench.state()).toBe(outcome);
    } else {
      await expect(actions[action]()).rejects.toBeInstanceOf(outcome);
      expect(await bench.state()).toBe(before);
    }
  });

  it('gives who scans again the same answer', async () => {
    const [first, second] = [await bench.scan(), await bench.scan()];
    expect(second).toEqual(first);
  });

  it.each([
    ['created', 119_999, 'created'],
    ['created', 120_000, 'expired'],
    ['cancelled', 120_000, 'cancelled'],
    ['scanned', 120_000, 'expired'],
    ['confirmed', 120_000, 'expired'],
  ] as const)('%s is %d ms after its beginning %s', async (from, age, expected) => {
    await ways[from]!();
    bench.now = BEGIN + age;
    expect(await bench.state()).toBe(expected);
  });

  it('is there for nobody with another secret, or another id', async () => {
    await bench.confirm();
    const { qr, made } = bench;
    const other = await qr.create(CHROME);
    const signal = new AbortController().signal;
    for (const [id, secret] of [
      [made.id, other.claimSecret],
      [made.id, ''],
      [made.id, made.ticket],
      ['nothing', made.claimSecret],
    ] as const) {
      await expect(qr.look(id, secret)).rejects.toBeInstanceOf(NotFound);
      await expect(qr.claim(id, secret)).rejects.toBeInstanceOf(NotFound);
      await expect(qr.lookAfterChange(id, secret, { ms: 1, signal })).rejects.toBeInstanceOf(NotFound);
    }
    expect(await bench.claim()).toBe('anna');
  });

  it('knows no other tickets', async () => {
    await expect(bench.qr.scan('a'.repeat(22), 'anna')).rejects.toBeInstanceOf(NotFound);
    await expect(bench.qr.scan(bench.made.id, 'anna')).rejects.toBeInstanceOf(NotFound);
    await expect(bench.qr.decide('nothing', anna, true)).rejects.toBeInstanceOf(Conflict);
  });

  it.each([
    ['the sign-in that confirmed it ends', () => void bench.ended.add(anna.signInId)],
    ['all sign-ins of the user end', () => void (bench.epoch += 1)],
  ])('is lost when %s before it is claimed', async (_what, end) => {
    await bench.confirm();
    end();
    await expect(bench.claim()).rejects.toBeInstanceOf(Conflict);
  });
});

describe('many at once', () => {
  /** How many succeed; the others have to fail with a conflict. */
  async function successes(work: Promise<unknown>[]): Promise<number> {
    const results = await Promise.allSettled(work);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Conflict);
    }
    return results.filter(({ status }) => status === 'fulfilled').length;
  }

  it('lets one user scan', async () => {
    const users = Array.from({ length: 20 }, (_, index) => `user${index}`);
    expect(await successes(users.map((user) => bench.qr.scan(bench.made.ticket, user)))).toBe(1);
  });

  it('gives one user that scans many times at once one match code', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => bench.scan()));
    expect(new Set(answers.map(({ matchCode }) => matchCode)).size).toBe(1);
    const { matchCode } = await bench.qr.look(bench.made.id, bench.made.claimSecret);
    expect(matchCode).toBe(answers[0]!.matchCode);
  });

  it('is claimed once', async () => {
    await bench.confirm();
    expect(await successes(Array.from({ length: 20 }, bench.claim))).toBe(1);
  });

  it('is either claimed or refused', async () => {
    for (let round = 0; round < 20; round += 1) {
      bench = await QrBench.create();
      await bench.confirm();
      const both = [bench.claim, bench.refuse];
      if (round % 2 === 1) both.reverse();
      expect(await successes(both.map((act) => act()))).toBe(1);
      await bench.keyvalue.close();
    }
  });

  it('is refused for good when the same user approves and refuses at once', async () => {
    await bench.scan();
    await successes([bench.approve(), bench.refuse()]);
    expect(await bench.state()).toBe('cancelled');
  });
});
