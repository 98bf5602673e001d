import { Unavailable } from '../../../src/errors';
import type { LimiterFactory } from '../../../src/models/limiters';
import { limitersInMemory } from '../../../src/models/limiters/memory';
import { createRateLimits, type Guess, type RateLimits } from '../../../src/services/rate-limits';

const SETTINGS = { signIn: 3, guesses: 10, register: 2, refresh: 2, wechat: 2, qr: 2, writing: 2 };
const MINUTE = 60_000;

let limits: RateLimits;

beforeEach(() => {
  jest.useFakeTimers();
  limits = createRateLimits(SETTINGS, limitersInMemory);
});

afterEach(() => {
  jest.useRealTimers();
});

const isAllowed = ({ allowances }: Guess): boolean => allowances.every(({ allowed }) => allowed);

describe('a limit by address', () => {
  it('counts down, refuses, and begins anew', async () => {
    expect(await limits.signIn.take('192.0.2.1')).toEqual({
      name: 'sign-in',
      quota: 3,
      window: 900,
      allowed: true,
      remaining: 2,
      resetSeconds: 900,
    });
    jest.advanceTimersByTime(10 * MINUTE);
    expect(await limits.signIn.take('192.0.2.1')).toMatchObject({ remaining: 1, resetSeconds: 300 });
    expect(await limits.signIn.take('192.0.2.1')).toMatchObject({ allowed: true, remaining: 0 });
    jest.advanceTimersByTime(5 * MINUTE - 1);
    const refused = { allowed: false, remaining: 0, resetSeconds: 1 };
    expect(await limits.signIn.take('192.0.2.1')).toMatchObject(refused);
    jest.advanceTimersByTime(1);
    expect(await limits.signIn.take('192.0.2.1')).toMatchObject({ allowed: true, remaining: 2 });
  });

  it('is for each address and each purpose', async () => {
    for (const limit of ['register', 'refresh', 'wechat', 'qr'] as const) {
      for (const allowed of [true, true, false]) {
        expect(await limits[limit].take('2001:db8::1')).toMatchObject({ name: limit, allowed });
      }
      expect(await limits[limit].take('2001:db8:0:1::1')).toMatchObject({ allowed: true });
    }
  });

  it('is for each user where users are counted', async () => {
    for (const allowed of [true, true, false])
      expect(await limits.writing.take('a user')).toMatchObject({ name: 'writing', window: 60, allowed });
    expect(await limits.writing.take('another')).toMatchObject({ allowed: true });
  });

  it('takes a network of 64 bits for one address', async () => {
    for (const host of ['1', '2', 'ffff:1']) await limits.signIn.take(`2001:db8::${host}`);
    expect(await limits.signIn.take('2001:db8::4')).toMatchObject({ allowed: false });
  });
});

describe('guesses', () => {
  const wrong = async (user: string, address: string) => isAllowed(await limits.guess(user, address));

  it('are ten from one address, and the eleventh waits', async () => {
    for (let i = 0; i < 10; i += 1) expect(await wrong('li', '192.0.2.1')).toBe(true);
    const { allowances } = await limits.guess('li', '192.0.2.1');
    expect(allowances).toEqual([
      { name: 'guesses', quota: 10, window: 900, allowed: false, remaining: 0, resetSeconds: 900 },
    ]);
    expect(await wrong('li', '192.0.2.2')).toBe(true);
    expect(await wrong('han', '192.0.2.1')).toBe(true);
    jest.advanceTimersByTime(15 * MINUTE);
    expect(await wrong('li', '192.0.2.1')).toBe(true);
  });

  it('are forgotten by the right one', async () => {
    for (let i = 0; i < 9; i += 1) await limits.guess('li', '192.0.2.1');
    await (await limits.guess('li', '192.0.2.1')).right();
    for (let i = 0; i < 10; i += 1) expect(await wrong('li', '192.0.2.1')).toBe(true);
    expect(await wrong('li', '192.0.2.1')).toBe(false);
  });

  it('that nobody looked at do not count', async () => {
    for (let i = 0; i < 30; i += 1) await (await limits.guess('li', '192.0.2.1')).withdraw();
    for (let i = 0; i < 30; i += 1) expect(await wrong('li', `192.0.2.${i + 2}`)).toBe(i < 21);
    for (let i = 0; i < 3; i += 1) expect(await wrong('li', '192.0.2.1')).toBe(false);
  });

  it('count while they are under way', async () => {
    const guesses = await Promise.all(Array.from({ length: 30 }, () => limits.guess('li', '192.0.2.1')));
    expect(guesses.filter(isAllowed)).toHaveLength(10);
  });

  describe('from many addresses', () => {
    let host = 0;
    const elsewhere = () => `2001:db8:0:${(host += 1).toString(16)}::1`;

    beforeEach(async () => {
      await (await limits.guess('li', '192.0.2.1')).right();
      for (let i = 0; i < 20; i += 1) expect(await wrong('li', elsewhere())).toBe(true);
    });

    it('have to keep a distance that doubles up to a minute', async () => {
      const gaps: number[] = [];
      for (let i = 0; i < 9; i += 1) {
        expect(await wrong('li', elsewhere())).toBe(true);
        const { allowances } = await limits.guess('li', elsewhere());
        const refusal = allowances.find(({ allowed }) => !allowed);
        expect(refusal).toMatchObject({ name: 'guesses-of-user', quota: 20, window: 3600, remaining: 0 });
        gaps.push(refusal?.resetSeconds ?? NaN);
        jest.advanceTimersByTime((refusal?.resetSeconds ?? NaN) * 1000);
      }
      expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    });

    it('do not get further apart by those that are refused', async () => {
      expect(await wrong('li', elsewhere())).toBe(true);
      for (let i = 0; i < 100; i += 1) expect(await wrong('li', elsewhere())).toBe(false);
      jest.advanceTimersByTime(1000);
      expect(await wrong('li', elsewhere())).toBe(true);
    });

    it('do not stop the user where they have signed in before', async () => {
      for (let i = 0; i < 3; i += 1) await limits.guess('li', elsewhere());
      const owner = await limits.guess('li', '192.0.2.1');
      expect(isAllowed(owner)).toBe(true);
      await owner.right();
      expect(await wrong('li', elsewhere())).toBe(false);
    });

    it('do not stop other users', async () => {
      for (let i = 0; i < 3; i += 1) await limits.guess('li', elsewhere());
      expect(await wrong('han', elsewhere())).toBe(true);
    });

    it('are forgotten after an hour', async () => {
      for (let i = 0; i < 3; i += 1) await limits.guess('li', elsewhere());
      jest.advanceTimersByTime(60 * MINUTE);
      for (let i = 0; i < 21; i += 1) expect(await wrong('li', elsewhere())).toBe(true);
      expect(await wrong('li', elsewhere())).toBe(false);
    });
  });

  it('of a long name need no long key', async () => {
    const keys: string[] = [];
    const spied: LimiterFactory = (options) => {
      const limiter = limitersInMemory(options);
      const consume = limiter.consume.bind(limiter);
      return Object.assign(limiter, {
        consume: (key: string, ...rest: [number, object]) => {
          keys.push(key);
          return consume(key, ...rest);
        },
      });
    };
    await createRateLimits(SETTINGS, spied).guess('x'.repeat(10_000), '192.0.2.1');
    expect(keys).not.toEqual([]);
    for (const key of keys) expect(key.length).toBeLessThan(100);
  });
});

describe('when nothing counts', () => {
  const down = () => Promise.reject(new Error('the store is down'));
  const failing =
    (methods: string[]): LimiterFactory =>
    (options) =>
      Object.assign(limitersInMemory(options), Object.fromEntries(methods.map((method) => [method, down])));

  it('closes every gate', async () => {
    limits = createRateLimits(SETTINGS, failing(['consume']));
    for (const limit of ['signIn', 'register', 'refresh', 'wechat', 'qr'] as const) {
      await expect(limits[limit].take('192.0.2.1')).rejects.toThrow(Unavailable);
    }
    await expect(limits.guess('li', '192.0.2.1')).rejects.toThrow(Unavailable);
  });

  it.each([
    ['known addresses', ['get'], (guess: Promise<Guess>) => guess],
    ['a right guess', ['delete'], async (guess: Promise<Guess>) => (await guess).right()],
    ['an address to know', ['set'], async (guess: Promise<Guess>) => (await guess).right()],
    ['a guess withdrawn', ['reward'], async (guess: Promise<Guess>) => (await guess).withdraw()],
  ])('says so: %s', async (_, methods, work) => {
    limits = createRateLimits(SETTINGS, failing(methods));
    await expect(work(limits.guess('li', '192.0.2.1'))).rejects.toThrow(Unavailable);
  });
});
