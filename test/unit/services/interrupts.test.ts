import { Conflict } from '../../../src/errors';
import { Interrupts } from '../../../src/services/interrupts';

const untilAborted = (signal: AbortSignal) =>
  new Promise<string>((resolve) => {
    signal.addEventListener('abort', () => {
      expect(signal.reason).toBeInstanceOf(Conflict);
      resolve('superseded');
    });
  });

it('tells the one who is at work to stop when another one comes', async () => {
  const interrupts = new Interrupts();
  const first = interrupts.superseding('a', untilAborted);
  const second = interrupts.superseding('a', untilAborted);
  expect(await first).toBe('superseded');
  await interrupts.superseding('a', (signal) => {
    expect(signal.aborted).toBe(false);
    return Promise.resolve();
  });
  expect(await second).toBe('superseded');
});

it('leaves those alone who work on something else, or are done', async () => {
  const interrupts = new Interrupts();
  let seen: AbortSignal | undefined;
  await interrupts.superseding('a', (signal) => Promise.resolve((seen = signal)));
  const failing = interrupts.superseding('b', () => Promise.reject(new Error('on purpose')));
  await expect(failing).rejects.toThrow('on purpose');
  await interrupts.superseding('a', () => Promise.resolve());
  expect(seen?.aborted).toBe(false);
});
