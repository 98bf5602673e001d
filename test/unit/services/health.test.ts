import type { Store } from '../../../src/models/store';
import { createHealth } from '../../../src/services/health';

const store = (ping: () => Promise<void>): Store => ({
  form: 'a form',
  location: '/a/place',
  ping,
  close: () => Promise.resolve(),
});
const well = store(() => Promise.resolve());

describe('health', () => {
  it('is asked of every store, each time', async () => {
    const ping = jest.fn(() => Promise.resolve());
    const health = createHealth({ one: store(ping), two: store(ping) });
    expect(ping).not.toHaveBeenCalled();
    expect(await health.report()).toEqual({
      ready: true,
      draining: false,
      stores: [
        { name: 'one', form: 'a form', location: '/a/place', up: true },
        { name: 'two', form: 'a form', location: '/a/place', up: true },
      ],
    });
    await health.report();
    expect(ping).toHaveBeenCalledTimes(4);
  });

  it('names the store that does not answer well, and forgives it', async () => {
    let down = true;
    const health = createHealth({
      well,
      ill: store(() => (down ? Promise.reject(new Error('away')) : Promise.resolve())),
    });
    const report = await health.report();
    expect(report.ready).toBe(false);
    expect(report.stores.map(({ name, up }) => [name, up])).toEqual([
      ['well', true],
      ['ill', false],
    ]);
    down = false;
    expect((await health.report()).ready).toBe(true);
  });

  it('takes a store that hangs for one that is down', async () => {
    const hanging = store(() => new Promise(() => undefined));
    const report = await createHealth({ well, hanging }, 1).report();
    expect(report.ready).toBe(false);
    expect(report.stores.map(({ up }) => up)).toEqual([true, false]);
  });

  it('leaves no timer behind', async () => {
    jest.useFakeTimers();
    try {
      await createHealth({ well, ill: store(() => Promise.reject(new Error('away'))) }).report();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('waits two seconds for a store', async () => {
    jest.useFakeTimers();
    try {
      let reported = false;
      const report = createHealth({ hanging: store(() => new Promise(() => undefined)) })
        .report()
        .then((result) => {
          reported = true;
          return result;
        });
      await jest.advanceTimersByTimeAsync(1999);
      expect(reported).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect((await report).ready).toBe(false);
    } finally {
      jest.useRealTimers();
    }
  });

  it('ends for good when the process is about to stop', async () => {
    const health = createHealth({ well });
    health.drain();
    health.drain();
    expect(await health.report()).toMatchObject({ ready: false, draining: true, stores: [{ up: true }] });
  });
});
