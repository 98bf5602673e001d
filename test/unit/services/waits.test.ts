import { Unavailable } from '../../../src/errors';
import { Waits, type Wait } from '../../../src/services/waits';

const LONG = 600_000;
const never = new AbortController().signal;

/** A wait of one long pause, with how it ended. */
function waitIn(waits: Waits, key: string, signal = never) {
  let ended: 'woken' | 'over' | null = null;
  const done = waits.hold(key, signal, async (wait) => {
    await wait.pause(LONG);
    ended = wait.over ? 'over' : 'woken';
  });
  return { done, ended: () => ended };
}

describe('Waits', () => {
  it('lets those who wait for the key go on, and no others', async () => {
    const waits = new Waits(10, 10);
    const [one, two, other] = [waitIn(waits, 'a'), waitIn(waits, 'a'), waitIn(waits, 'b')];
    expect(waits.size).toBe(3);
    waits.wake('a');
    await Promise.all([one.done, two.done]);
    expect([one.ended(), two.ended(), other.ended()]).toEqual(['woken', 'woken', null]);
    expect(waits.size).toBe(1);
    waits.wake('b');
    await other.done;
  });

  it('forgets no wake that came between two pauses', async () => {
    const waits = new Waits(10, 10);
    await waits.hold('a', never, async (wait) => {
      waits.wake('a');
      await wait.pause(LONG);
      expect(wait.over).toBe(false);
    });
  });

  it('pauses anew after a wake', async () => {
    const waits = new Waits(10, 10);
    let paused = 0;
    const done = waits.hold('a', never, async (wait) => {
      for (; paused < 2; paused += 1) await wait.pause(LONG);
    });
    waits.wake('a');
    await new Promise(setImmediate);
    expect(paused).toBe(1);
    waits.wake('a');
    await done;
  });

  it.each(['before', 'during'] as const)('ends by a signal %s the wait', async (when) => {
    const waits = new Waits(10, 10);
    const gone = new AbortController();
    if (when === 'before') gone.abort();
    const waiting = waitIn(waits, 'a', gone.signal);
    gone.abort();
    await waiting.done;
    expect(waiting.ended()).toBe('over');
    expect(waits.size).toBe(0);
  });

  it('refuses more than it has places for, and has them again later', async () => {
    const waits = new Waits(2, 10);
    const waiting = [waitIn(waits, 'a'), waitIn(waits, 'b')];
    await expect(waitIn(waits, 'c').done).rejects.toThrow(Unavailable);
    waits.wake('a');
    await waiting[0]!.done;
    const third = waitIn(waits, 'c');
    waits.drain();
    await Promise.all([waiting[1]!.done, third.done]);
    expect(waits.size).toBe(0);
  });

  it('ends the oldest wait of a key that has too many', async () => {
    const waits = new Waits(10, 2);
    const waiting = [1, 2, 3, 4].map(() => waitIn(waits, 'a'));
    await Promise.all([waiting[0]!.done, waiting[1]!.done]);
    expect(waiting.map((one) => one.ended())).toEqual(['over', 'over', null, null]);
    waits.wake('a');
    await Promise.all(waiting.map((one) => one.done));
  });

  it('gives the place back when the work fails', async () => {
    const waits = new Waits(1, 1);
    const work = (): Promise<never> => Promise.reject(new Error('the store is down'));
    await expect(waits.hold('a', never, work)).rejects.toThrow('the store is down');
    expect(waits.size).toBe(0);
  });

  it('lets nobody wait once it is drained', async () => {
    const waits = new Waits(10, 10);
    const before = waitIn(waits, 'a');
    waits.drain();
    const after = waitIn(waits, 'a');
    await Promise.all([before.done, after.done]);
    expect([before.ended(), after.ended()]).toEqual(['over', 'over']);
  });

  it('ends a pause by its time', async () => {
    const waits = new Waits(1, 1);
    const over = await waits.hold('a', never, async (wait: Wait) => {
      await wait.pause(1);
      return wait.over;
    });
    expect(over).toBe(false);
  });
});
