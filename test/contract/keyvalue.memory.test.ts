import { Unavailable } from '../../src/errors';
import { openMemoryKeyValue } from '../../src/models/keyvalue/memory';
import { keyvalueContract } from './keyvalue.contract';
import { leaseContract } from './lease.contract';

const open = () => Promise.resolve(openMemoryKeyValue());

keyvalueContract('in process', open);
leaseContract('in process', open);

describe('in process: key-value by an injected clock', () => {
  let now: number;
  const clock = (): number => now;

  beforeEach(() => {
    now = 1_000_000;
  });

  it('lies nowhere', () => {
    const store = openMemoryKeyValue();
    expect(store).toMatchObject({ form: 'in process', location: null });
  });

  it('expires to the millisecond', async () => {
    const store = openMemoryKeyValue({ clock });
    await store.set('key', 'value', { ttlMs: 100 });
    now += 99;
    await expect(store.get('key')).resolves.toBe('value');
    await expect(store.timeToLive('key')).resolves.toBe(1);
    now += 1;
    await expect(store.get('key')).resolves.toBeNull();
    await store.close();
  });

  it('keeps what has no lifetime', async () => {
    const store = openMemoryKeyValue({ clock });
    await store.set('key', 'value');
    now += 10 ** 12;
    await expect(store.get('key')).resolves.toBe('value');
    await store.close();
  });

  it('counts a counter from its first addition', async () => {
    const store = openMemoryKeyValue({ clock });
    await store.increment('key', 1, 100);
    now += 60;
    await expect(store.increment('key', 1, 100)).resolves.toBe(2);
    await expect(store.timeToLive('key')).resolves.toBe(40);
    now += 40;
    await expect(store.increment('key', 1, 100)).resolves.toBe(1);
    await store.close();
  });

  it('keeps the lifetime over compare-and-set', async () => {
    const store = openMemoryKeyValue({ clock });
    await store.set('key', 'one', { ttlMs: 100 });
    now += 60;
    await store.compareAndSet('key', 'one', 'two');
    await expect(store.timeToLive('key')).resolves.toBe(40);
    await store.compareAndSet('key', 'two', 'three', 500);
    await expect(store.timeToLive('key')).resolves.toBe(500);
    await store.close();
  });

  describe('full', () => {
    it('refuses new entries, evicts none, and goes on with those it has', async () => {
      const store = openMemoryKeyValue({ clock, maxEntries: 2 });
      await store.set('a', '1');
      await store.set('b', '1', { ttlMs: 100 });
      await expect(store.set('c', '1')).rejects.toThrow(Unavailable);
      await expect(store.increment('c', 1, 100)).rejects.toThrow(Unavailable);
      await expect(store.set('a', '2')).resolves.toBe(true);
      await expect(store.increment('b', 1, 100)).resolves.toBe(2);
      await store.delete('a');
      await expect(store.set('c', '1')).resolves.toBe(true);
      await store.close();
    });

    it('makes room from what has expired, wherever it is', async () => {
      const store = openMemoryKeyValue({ clock, maxEntries: 100 });
      for (let i = 0; i < 100; i += 1) await store.set(`old${i}`, '', i % 2 === 0 ? {} : { ttlMs: 100 });
      now += 100;
      for (let i = 0; i < 50; i += 1) await expect(store.set(`new${i}`, '')).resolves.toBe(true);
      await expect(store.set('one more', '')).rejects.toThrow(Unavailable);
      for (let i = 0; i < 100; i += 2) await expect(store.get(`old${i}`)).resolves.toBe('');
      await store.close();
    });
  });

  describe('sweep', () => {
    beforeEach(() => {
      jest.useFakeTimers();
      now = Date.now();
    });

    afterEach(() => jest.useRealTimers());

    it('runs only while an entry has a lifetime', async () => {
      const store = openMemoryKeyValue();
      await store.set('stays', 'value');
      expect(jest.getTimerCount()).toBe(0);
      await store.set('goes', 'value', { ttlMs: 5_000 });
      await store.set('goes too', 'value', { ttlMs: 60_000 });
      expect(jest.getTimerCount()).toBe(1);
      jest.advanceTimersByTime(10_000);
      expect(jest.getTimerCount()).toBe(1);
      // Nobody reads the entries: that the timer ends shows that they are gone.
      jest.advanceTimersByTime(60_000);
      expect(jest.getTimerCount()).toBe(0);
      await expect(store.get('stays')).resolves.toBe('value');
      await store.close();
    });

    it.each([
      ['deleted', (store: ReturnType<typeof openMemoryKeyValue>) => store.delete('key')],
      ['made to stay', (store: ReturnType<typeof openMemoryKeyValue>) => store.set('key', 'value')],
      [
        'compared and removed',
        (store: ReturnType<typeof openMemoryKeyValue>) => store.compareAndSet('key', '0', null),
      ],
      ['left behind by close', (store: ReturnType<typeof openMemoryKeyValue>) => store.close()],
    ])('ends when the last entry with a lifetime is %s', async (_, end) => {
      const store = openMemoryKeyValue();
      await store.increment('key', 0, 60_000);
      await store.set('key', '0', { ttlMs: 60_000 });
      expect(jest.getTimerCount()).toBe(1);
      await end(store);
      expect(jest.getTimerCount()).toBe(0);
      await store.close();
    });

    it('gets round a store that is larger than one step', async () => {
      const store = openMemoryKeyValue();
      for (let i = 0; i < 25_000; i += 1) await store.set(`key${i}`, '', { ttlMs: 100 });
      jest.advanceTimersByTime(60_000);
      expect(jest.getTimerCount()).toBe(0);
      await store.close();
    });
  });
});
