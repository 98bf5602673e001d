import { TokenBucket } from '../../../src/services/token-bucket';

describe('a bucket of 1000 bytes per second', () => {
  it.each<[string, [at: number, bytes: number][], [bytes: number, readyAt: number]]>([
    ['lets a second’s worth go at once', [], [1000, -Infinity]],
    ['has nothing left then', [[0, 1000]], [1, 1]],
    ['has the next bytes as they are saved', [[0, 1000]], [250, 250]],
    ['has a second’s worth after a second', [[0, 1000]], [1000, 1000]],
    ['keeps what was left', [[0, 600]], [400, 0]],
    [
      'saves no more than a second’s worth',
      [
        [0, 1000],
        [60_000, 1000],
      ],
      [1, 60_001],
    ],
    [
      'counts on from what was taken later',
      [
        [0, 1000],
        [250, 250],
      ],
      [500, 750],
    ],
    [
      'gives as much in small pieces',
      [
        [0, 1000],
        [1, 1],
        [2, 1],
        [3, 1],
      ],
      [1, 4],
    ],
  ])('%s', (_what, taken, [bytes, readyAt]) => {
    const bucket = new TokenBucket(1000);
    for (const [at, count] of taken) {
      expect(bucket.readyAt(count)).toBeLessThanOrEqual(at);
      bucket.take(count, at);
    }
    expect(bucket.readyAt(bytes)).toBe(readyAt);
  });

  it('is as good as new once what was taken is saved again', () => {
    const bucket = new TokenBucket(1000);
    expect(bucket.full).toBe(-Infinity);
    bucket.take(300, 5000);
    expect(bucket.full).toBe(5300);
    bucket.take(700, 5000);
    expect(bucket.full).toBe(6000);
  });
});
