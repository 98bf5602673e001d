import { randomUUID } from 'node:crypto';
import { Unavailable } from '../../src/errors';
import type { KeyValueStore } from '../../src/models/keyvalue';
import { until } from './until';

const MINUTE = 60_000;

/**
 * What every key-value store does. Keys are fresh in each test, so the store need not be empty.
 * @param open opens a store of its own, which the suite closes
 */
export function keyvalueContract(name: string, open: () => Promise<KeyValueStore>): void {
  describe(`${name}: key-value contract`, () => {
    let store: KeyValueStore;
    let key: string;

    beforeEach(async () => {
      store = await open();
      key = `test:${randomUUID()}`;
    });

    afterEach(() => store.close());

    const gone = async (): Promise<void> => until(async () => (await store.get(key)) === null);

    it('names its form and answers', async () => {
      expect(store.form).toMatch(/\w/);
      await expect(store.ping()).resolves.toBeUndefined();
    });

    it('knows nothing of a key that was never written', async () => {
      await expect(store.get(key)).resolves.toBeNull();
      await expect(store.timeToLive(key)).resolves.toBeNull();
      await expect(store.delete(key)).resolves.toBe(false);
      await expect(store.compareAndSet(key, '', 'next')).resolves.toBe(false);
      await expect(store.get(key)).resolves.toBeNull();
    });

    it.each([
      ['plain', 'value'],
      ['empty', ''],
      ['Chinese and emoji', '扫码登录 🚢'],
      ['with NUL and line ends', 'a\0b\r\nc'],
      ['a number with leading zeros', '007'],
      ['long', 'x'.repeat(200_000)],
    ])('gives a value back as it was: %s', async (_, value) => {
      await expect(store.set(key, value)).resolves.toBe(true);
      await expect(store.get(key)).resolves.toBe(value);
    });

    it.each(['__proto__', 'constructor', 'with space and : and {braces}', '键'])(
      'takes any key: %s',
      async (part) => {
        key = `${part}:${key}`;
        await store.set(key, 'value');
        await expect(store.get(key)).resolves.toBe('value');
        await expect(store.delete(key)).resolves.toBe(true);
        await expect(store.get(key)).resolves.toBeNull();
      },
    );

    it('keeps keys apart', async () => {
      await store.set(`${key}a`, '1');
      await store.set(`${key}b`, '2');
      await store.delete(`${key}a`);
      await expect(store.get(`${key}b`)).resolves.toBe('2');
    });

    describe('set', () => {
      it('if absent writes only the first time', async () => {
        await expect(store.set(key, 'first', { only: 'if-absent' })).resolves.toBe(true);
        await expect(store.set(key, 'second', { only: 'if-absent' })).resolves.toBe(false);
        await expect(store.get(key)).resolves.toBe('first');
      });

      it('if absent does not touch the lifetime of what is there', async () => {
        await store.set(key, 'first', { ttlMs: MINUTE });
        await store.set(key, 'second', { ttlMs: 60 * MINUTE, only: 'if-absent' });
        await expect(store.timeToLive(key)).resolves.toBeLessThanOrEqual(MINUTE);
      });

      it('if present never brings an entry to life', async () => {
        await expect(store.set(key, 'value', { only: 'if-present' })).resolves.toBe(false);
        await expect(store.get(key)).resolves.toBeNull();
        await store.set(key, 'value');
        await expect(store.set(key, 'next', { only: 'if-present', ttlMs: MINUTE })).resolves.toBe(true);
        await expect(store.get(key)).resolves.toBe('next');
        await expect(store.timeToLive(key)).resolves.toBeGreaterThan(0);
      });

      it('if absent lets one of many callers win', async () => {
        const written = await Promise.all(
          Array.from({ length: 50 }, (_, i) => store.set(key, String(i), { only: 'if-absent' })),
        );
        expect(written.filter(Boolean)).toHaveLength(1);
        await expect(store.get(key)).resolves.toBe(String(written.indexOf(true)));
      });
    });

    describe('lifetime', () => {
      it('ends, and the key is as if it had never been', async () => {
        await store.set(key, 'value', { ttlMs: 30 });
        await gone();
        await expect(store.timeToLive(key)).resolves.toBeNull();
        await expect(store.delete(key)).resolves.toBe(false);
        await expect(store.compareAndSet(key, 'value', 'next')).resolves.toBe(false);
        await expect(store.set(key, 'next', { only: 'if-present' })).resolves.toBe(false);
        await expect(store.set(key, 'next', { only: 'if-absent' })).resolves.toBe(true);
      });

      it('is told in milliseconds', async () => {
        await store.set(key, 'value', { ttlMs: MINUTE });
        const left = await store.timeToLive(key);
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThanOrEqual(MINUTE);
      });

      it('is dropped by a set without one', async () => {
        await store.set(key, 'value', { ttlMs: MINUTE });
        await store.set(key, 'value');
        await expect(store.timeToLive(key)).resolves.toBeNull();
        await expect(store.get(key)).resolves.toBe('value');
      });

      it('is replaced by a set with another one', async () => {
        await store.set(key, 'value', { ttlMs: MINUTE });
        await store.set(key, 'value', { ttlMs: 60 * MINUTE });
        await expect(store.timeToLive(key)).resolves.toBeGreaterThan(MINUTE);
        await store.set(key, 'value', { ttlMs: 30 });
        await gone();
      });

      it('may be a fraction', async () => {
        await store.set(key, 'value', { ttlMs: 0.25 });
        await gone();
      });

      it.each([0, -1, Number.NaN, Infinity])('is refused when it is %d', async (ttlMs) => {
        await store.set(key, 'value');
        await expect(store.set(key, 'next', { ttlMs })).rejects.toThrow(RangeError);
        await expect(store.compareAndSet(key, 'value', 'next', ttlMs)).rejects.toThrow(RangeError);
        await expect(store.increment(key, 1, ttlMs)).rejects.toThrow(RangeError);
        await expect(store.get(key)).resolves.toBe('value');
      });
    });

    describe('compareAndSet', () => {
      it('writes over the expected value only', async () => {
        await store.set(key, 'one');
        await expect(store.compareAndSet(key, 'two', 'three')).resolves.toBe(false);
        await expect(store.get(key)).resolves.toBe('one');
        await expect(store.compareAndSet(key, 'one', 'two')).resolves.toBe(true);
        await expect(store.get(key)).resolves.toBe('two');
        await expect(store.timeToLive(key)).resolves.toBeNull();
      });

      it('removes the expected value only', async () => {
        await store.set(key, 'one');
        await expect(store.compareAndSet(key, 'two', null)).resolves.toBe(false);
        await expect(store.get(key)).resolves.toBe('one');
        await expect(store.compareAndSet(key, 'one', null)).resolves.toBe(true);
        await expect(store.get(key)).resolves.toBeNull();
        await expect(store.compareAndSet(key, 'one', null)).resolves.toBe(false);
      });

      it('writes and expects the empty value', async () => {
        await store.set(key, '');
        await expect(store.compareAndSet(key, '', 'full')).resolves.toBe(true);
        await expect(store.compareAndSet(key, 'full', '')).resolves.toBe(true);
        await expect(store.get(key)).resolves.toBe('');
      });

      it('keeps the lifetime, or takes a new one', async () => {
        await store.set(key, 'one', { ttlMs: MINUTE });
        await store.compareAndSet(key, 'one', 'two');
        const left = await store.timeToLive(key);
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThanOrEqual(MINUTE);
        await store.compareAndSet(key, 'two', 'two', 60 * MINUTE);
        await expect(store.timeToLive(key)).resolves.toBeGreaterThan(MINUTE);
        await store.compareAndSet(key, 'wrong', 'three', MINUTE);
        await expect(store.timeToLive(key)).resolves.toBeGreaterThan(MINUTE);
        await store.compareAndSet(key, 'two', 'three', 30);
        await gone();
      });

      it.each([
        ['writing', 'next'],
        ['removing', null],
      ])('lets one of many callers win when %s', async (_, next) => {
        await store.set(key, 'open');
        const won = await Promise.all(
          Array.from({ length: 50 }, () => store.compareAndSet(key, 'open', next)),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        await expect(store.get(key)).resolves.toBe(next);
      });
    });

    it('deletes once', async () => {
      await store.set(key, 'value');
      const deleted = await Promise.all(Array.from({ length: 20 }, () => store.delete(key)));
      expect(deleted.filter(Boolean)).toHaveLength(1);
      await expect(store.get(key)).resolves.toBeNull();
    });

    describe('increment', () => {
      it('starts at 0 and gives the sum', async () => {
        await expect(store.increment(key, 1, MINUTE)).resolves.toBe(1);
        await expect(store.increment(key, 41, MINUTE)).resolves.toBe(42);
        await expect(store.increment(key, -50, MINUTE)).resolves.toBe(-8);
        await expect(store.get(key)).resolves.toBe('-8');
      });

      it('adds to a number that was set', async () => {
        await store.set(key, '7', { ttlMs: MINUTE });
        await expect(store.increment(key, 1, 60 * MINUTE)).resolves.toBe(8);
        await expect(store.timeToLive(key)).resolves.toBeLessThanOrEqual(MINUTE);
      });

      it('loses none of many additions', async () => {
        const sums = await Promise.all(Array.from({ length: 100 }, () => store.increment(key, 1, MINUTE)));
        expect(sums.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
      });

      it('counts the lifetime from the first addition, also after the sum was 0 again', async () => {
        await store.increment(key, 1, MINUTE);
        await store.increment(key, -1, 60 * MINUTE);
        await store.increment(key, 1, 60 * MINUTE);
        const left = await store.timeToLive(key);
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThanOrEqual(MINUTE);
      });

      it('starts anew after the lifetime', async () => {
        await store.increment(key, 5, 30);
        await gone();
        await expect(store.increment(key, 1, MINUTE)).resolves.toBe(1);
        await expect(store.timeToLive(key)).resolves.toBeGreaterThan(0);
      });

      it.each(['word', '', '1.5', '1e3', ' 1', '007'])('refuses to add to %j', async (value) => {
        await store.set(key, value);
        await expect(store.increment(key, 1, MINUTE)).rejects.toThrow();
        await expect(store.get(key)).resolves.toBe(value);
      });

      it.each([1.5, Number.NaN, Infinity])('refuses to add %d', async (by) => {
        await expect(store.increment(key, by, MINUTE)).rejects.toThrow();
        await expect(store.get(key)).resolves.toBeNull();
      });
    });

    it('is unavailable once closed', async () => {
      await store.close();
      const calls = [
        () => store.ping(),
        () => store.get(key),
        () => store.set(key, 'value', { ttlMs: MINUTE }),
        () => store.compareAndSet(key, 'value', 'next'),
        () => store.delete(key),
        () => store.increment(key, 1, MINUTE),
        () => store.timeToLive(key),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow(Unavailable);
      await expect(store.close()).resolves.toBeUndefined();
    });
  });
}
