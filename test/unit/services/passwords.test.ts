import * as argon2 from '@node-rs/argon2';
import { Unavailable } from '../../../src/errors';
import { createPasswords, hashesAtOnce } from '../../../src/services/passwords';

jest.mock('@node-rs/argon2', () => {
  const actual = jest.requireActual<typeof argon2>('@node-rs/argon2');
  return { ...actual, hash: jest.fn(actual.hash), verify: jest.fn(actual.verify) };
});

const hash = jest.mocked(argon2.hash);
const verify = jest.mocked(argon2.verify);

beforeEach(() => {
  hash.mockClear();
  verify.mockClear();
});

describe('passwords', () => {
  const passwords = createPasswords({ concurrency: 2, waiting: 8 });

  it('are kept as argon2id with 19 MiB and two passes, each with its own salt', async () => {
    const [one, two] = await Promise.all([passwords.hash('secret'), passwords.hash('secret')]);
    for (const kept of [one, two])
      expect(kept).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/);
    expect(one).not.toBe(two);
  });

  it.each([
    ['the same', 'secret', 'secret', true],
    ['another', 'secret', 'Secret', false],
    ['one that goes on', 'secret', 'secret!', false],
    ['one that goes on behind NUL', 'secret', 'secret\u0000', false],
    ['none', 'secret', '', false],
    ['256 bytes', 'x'.repeat(256), 'x'.repeat(256), true],
    ['256 bytes, another last one', 'x'.repeat(256), `${'x'.repeat(255)}y`, false],
    ['Chinese', '密码', '密码', true],
  ])('compare: %s', async (_, kept, given, same) => {
    expect(await passwords.verify(await passwords.hash(kept), given)).toBe(same);
  });

  it('are compared also where there is nothing to compare with, at the same cost', async () => {
    const fresh = createPasswords({ concurrency: 2, waiting: 8 });
    expect(await fresh.verify(null, 'secret')).toBe(false);
    expect(await fresh.verify(null, 'secret')).toBe(false);
    expect(verify).toHaveBeenCalledTimes(2);
    for (const [decoy, given] of verify.mock.calls) {
      expect(decoy).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect(given).toBe('secret');
    }
    expect(hash).toHaveBeenCalledTimes(1);
  });

  it('are never right where there is nothing to compare with, not even if they match what stands in for it', async () => {
    verify.mockResolvedValueOnce(true);
    expect(await passwords.verify(null, 'secret')).toBe(false);
  });
});

const DECOY = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$X3ZZ4jvGGCqMGNj1K4bUJQ';

describe('the line of those who sign in', () => {
  /** Work that is under way until the test ends it. */
  let running: { end: (result: string) => void; fail: (error: Error) => void }[];

  beforeEach(() => {
    running = [];
    hash.mockImplementation(
      () => new Promise((resolve, reject) => running.push({ end: resolve, fail: reject })),
    );
  });

  afterEach(() => {
    hash.mockReset();
  });

  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('has so many at work, so many waiting, and refuses the next one', async () => {
    const passwords = createPasswords({ concurrency: 2, waiting: 3 });
    const hashes = Array.from({ length: 5 }, () => passwords.hash('x'));
    await settle();
    expect(running).toHaveLength(2);
    const refused = passwords.hash('x');
    await expect(refused).rejects.toBeInstanceOf(Unavailable);
    await expect(refused).rejects.toMatchObject({ headers: { 'Retry-After': '2' } });
    await expect(passwords.verify('$argon2id$', 'x')).rejects.toBeInstanceOf(Unavailable);
    expect(verify).not.toHaveBeenCalled();

    running[0]?.end('first');
    await settle();
    expect(running).toHaveLength(3);
    const admitted = passwords.hash('x');
    await expect(passwords.hash('x')).rejects.toBeInstanceOf(Unavailable);
    for (let done = 1; done < 6; done += 1) {
      running[done]?.end('next');
      await settle();
    }
    expect(await Promise.all([...hashes, admitted])).toEqual(['first', ...Array<string>(5).fill('next')]);
  });

  it('tries again to make what nothing is compared with', async () => {
    const passwords = createPasswords({ concurrency: 1, waiting: 1 });
    const first = passwords.verify(null, 'x');
    running[0]?.fail(new Error('no memory'));
    await expect(first).rejects.toThrow('no memory');
    const second = passwords.verify(null, 'x');
    running[1]?.end(DECOY);
    expect(await second).toBe(false);
  });

  it('goes on after a failure', async () => {
    const passwords = createPasswords({ concurrency: 1, waiting: 1 });
    const [first, second] = [passwords.hash('x'), passwords.hash('x')];
    running[0]?.fail(new Error('no memory'));
    await expect(first).rejects.toThrow('no memory');
    await settle();
    running[1]?.end('second');
    expect(await second).toBe('second');
    const third = passwords.hash('x');
    await settle();
    running[2]?.end('third');
    expect(await third).toBe('third');
  });
});

describe('hashesAtOnce', () => {
  it.each([
    [1, 4, 1],
    [2, 4, 1],
    [3, 4, 2],
    [8, 4, 2],
    [8, 10, 7],
    [8, 6, 4],
    [4, 3, 1],
    [4, 2, 1],
    [4, 1, 1],
  ])('with %i cores and %i threads is %i', (cores, threads, hashes) => {
    expect(hashesAtOnce(cores, threads)).toBe(hashes);
  });
});
