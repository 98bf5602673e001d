import { migrateOnceThere } from '../../../src/bin/first-migration';
import { Unavailable } from '../../../src/errors';

function waiting(outcomes: (Error | string[])[]) {
  const said: string[] = [];
  const pauses: number[] = [];
  const sql = {
    location: 'mysql://db:3306/ferry',
    migrate: () => {
      const outcome = outcomes.shift() ?? [];
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
    },
  };
  const note = (_: object, message: string) => said.push(message);
  const pause = (ms: number) => Promise.resolve(pauses.push(ms));
  return { done: migrateOnceThere(sql, { info: note, warn: note }, pause), said, pauses };
}

describe('the first migration', () => {
  it('tells what it did', async () => {
    const { done, said } = waiting([['0001-accounts']]);
    await done;
    expect(said).toEqual(['brought the database to the newest schema']);
  });

  it('says nothing when there is nothing to do', async () => {
    const { done, said, pauses } = waiting([[]]);
    await done;
    expect([said, pauses]).toEqual([[], []]);
  });

  it('waits for a database that does not answer yet, longer each time', async () => {
    const away = Array.from({ length: 8 }, () => new Unavailable('away'));
    const { done, said, pauses } = waiting([...away, []]);
    await done;
    expect(said).toEqual(away.map(() => 'waiting for the database'));
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });

  it('ends with any other error', async () => {
    const { done, pauses } = waiting([new Error('syntax')]);
    await expect(done).rejects.toThrow('syntax');
    expect(pauses).toEqual([]);
  });
});
