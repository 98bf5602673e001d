import { Unavailable } from '../../../src/errors';
import { openMemoryKeyValue } from '../../../src/models/keyvalue/memory';
import { SingleFlight } from '../../../src/services/wechat/single-flight';
import { until } from '../../contract/until';
import { override } from '../../support/faults';

const codec = { write: (outcome: string) => outcome, read: (text: string) => text };

function flights() {
  const keyvalue = openMemoryKeyValue();
  let asked = 0;
  const counted = override(keyvalue, {
    get: (key) => {
      asked += 1;
      return keyvalue.get(key);
    },
  });
  const [one, two] = [new SingleFlight(keyvalue, codec), new SingleFlight(counted, codec)];
  return { keyvalue, one, two, asked: () => asked };
}

/** Work that ends when it is told to. */
function work() {
  let finish: (outcome: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const outcome = new Promise<string>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return { run: jest.fn(() => outcome), finish, fail };
}

it('is remembered by nobody', async () => {
  const { one, two } = flights();
  for (const flight of [one, one, two]) {
    expect(await flight.run('key', () => Promise.resolve('done'))).toEqual({ outcome: 'done', first: true });
  }
});

it('carries those of other processes along', async () => {
  const { one, two, asked } = flights();
  const { run, finish } = work();
  const first = one.run('key', run);
  const others = [two.run('key', run), two.run('key', run), one.run('key', run)];
  await until(() => asked() > 4);
  finish('done');
  expect(await first).toEqual({ outcome: 'done', first: true });
  expect(await Promise.all(others)).toEqual(Array(3).fill({ outcome: 'done', first: false }));
  expect(run).toHaveBeenCalledTimes(1);
});

it('tells others in this process why it failed, and those elsewhere that it did', async () => {
  const { one, two, asked } = flights();
  const { run, fail } = work();
  const here = Promise.allSettled([one.run('key', run), one.run('key', run)]);
  const there = two.run('key', run).catch((error: unknown) => error);
  await until(() => asked() > 2);
  const failure = new Error('broken');
  fail(failure);
  expect((await here).map((result) => (result as PromiseRejectedResult).reason as unknown)).toEqual([
    failure,
    failure,
  ]);
  expect(await there).toBeInstanceOf(Unavailable);
  expect(await two.run('key', () => Promise.resolve('anew'))).toEqual({ outcome: 'anew', first: true });
});

it('is over for those who wait when its process died', async () => {
  const { keyvalue, two, asked } = flights();
  await keyvalue.set('key', 'a process that is no more');
  const there = two.run('key', () => Promise.resolve('never')).catch((error: unknown) => error);
  await until(() => asked() > 2);
  await keyvalue.delete('key');
  expect(await there).toBeInstanceOf(Unavailable);
});

it('succeeds even if nobody else can be told', async () => {
  const { keyvalue } = flights();
  const deaf = override(keyvalue, {
    set: (key, value, options) =>
      options?.only ? keyvalue.set(key, value, options) : Promise.reject(new Unavailable('down')),
    compareAndSet: () => Promise.reject(new Unavailable('down')),
  });
  const flight = new SingleFlight(deaf, codec);
  expect(await flight.run('key', () => Promise.resolve('done'))).toEqual({ outcome: 'done', first: true });
});

it('does not start where the store is down', async () => {
  const { keyvalue, one } = flights();
  await keyvalue.close();
  const { run } = work();
  await expect(one.run('key', run)).rejects.toThrow(Unavailable);
  expect(run).not.toHaveBeenCalled();
});
