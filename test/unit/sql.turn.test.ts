import { sharedTurn, Turn, TurnTimeout } from '../../src/models/sql/turn';

describe('Turn', () => {
  it('passes on in the order of asking', async () => {
    const turn = new Turn();
    const order: number[] = [];
    const all = [0, 1, 2, 3].map(async (number) => {
      const giveBack = await turn.take(1000);
      order.push(number);
      await Promise.resolve();
      order.push(number);
      giveBack();
    });
    await Promise.all(all);
    expect(order).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('is given back once, however often that is said', async () => {
    const turn = new Turn();
    const first = await turn.take(1000);
    const second = turn.take(1000);
    first();
    first();
    const giveBack = await second;
    const third = turn.take(1000);
    first();
    expect(await Promise.race([third.then(() => 'taken'), Promise.resolve('waiting')])).toBe('waiting');
    giveBack();
    (await third)();
  });

  it('is waited for only so long, and skips those who left', async () => {
    jest.useFakeTimers();
    try {
      const turn = new Turn();
      const giveBack = await turn.take(1000);
      const left = expect(turn.take(50)).rejects.toThrow(TurnTimeout);
      const stayed = turn.take(100);
      await jest.advanceTimersByTimeAsync(60);
      await left;
      giveBack();
      (await stayed)();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('is shared by name, as long as somebody uses it', () => {
    const [first, second, other] = [sharedTurn('a'), sharedTurn('a'), sharedTurn('b')];
    expect(first.turn).toBe(second.turn);
    expect(first.turn).not.toBe(other.turn);
    first.leave();
    expect(sharedTurn('a').turn).toBe(second.turn);
    for (const { leave } of [second, second, other]) leave();
    expect(sharedTurn('a').turn).not.toBe(second.turn);
  });
});
