import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, however long the machine takes; a test that waits in vain ends by jest's own limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5);
}
