import { Ladder } from '../../../src/client/events/ladder';

describe('the ladder of transports', () => {
  it('goes down after two failures in a row, and from the last to the first', () => {
    const ladder = new Ladder(['a', 'b', 'c']);
    const steps = Array.from({ length: 6 }, () => [ladder.failed(), ladder.current]);
    expect(steps).toEqual([
      [false, 'a'],
      [true, 'b'],
      [false, 'b'],
      [true, 'c'],
      [false, 'c'],
      [false, 'a'],
    ]);
  });

  it('forgets a failure once something has worked for a while', () => {
    const ladder = new Ladder(['a', 'b']);
    ladder.failed();
    ladder.settled();
    expect([ladder.failed(), ladder.current]).toEqual([false, 'a']);
  });

  it('tries the better ones in turn, less and less often, and goes back at once', () => {
    const ladder = new Ladder(['a', 'b', 'c']);
    for (let failures = 0; failures < 4; failures += 1) ladder.failed();
    const tried: [string, number][] = [];
    for (let trials = 0; trials < 8; trials += 1) {
      const delay = ladder.trialDelay;
      ladder.tryBetter();
      tried.push([ladder.current, delay]);
      expect([ladder.isTrial, ladder.failed(), ladder.current]).toEqual([true, true, 'c']);
    }
    expect(tried.map(([name]) => name).join('')).toBe('abababab');
    expect(tried.map(([, delay]) => delay / 60_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    ladder.tryBetter();
    ladder.reached();
    expect([ladder.current, ladder.isTrial, ladder.isBest, ladder.trialDelay]).toEqual([
      'a',
      false,
      true,
      60_000,
    ]);
    ladder.tryBetter();
    expect(ladder.isTrial).toBe(false);
  });
});
