/** Thrown by `Turn.take` when nobody gave the turn back in time. */
export class TurnTimeout extends Error {}

/** What only one can hold at a time; those who wait get it in the order in which they asked. */
export class Turn {
  private held = false;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param patience how long to wait, in milliseconds
   * @returns what gives the turn back; calling it again does nothing
   * @throws `TurnTimeout`
   */
  async take(patience: number): Promise<() => void> {
    if (this.held) await this.wait(patience);
    this.held = true;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      // The turn stays held while it passes on, so that nobody gets in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.held = false;
    };
  }

  private wait(patience: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const next = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(next), 1);
        reject(new TurnTimeout(`The turn did not come within ${patience} ms.`));
      }, patience);
      this.waiting.push(next);
    });
  }
}

const turns = new Map<string, { turn: Turn; users: number }>();

/**
 * The turn that everybody in this process shares who names the same thing.
 * @returns the turn, and what ends the use of it
 */
export function sharedTurn(name: string): { turn: Turn; leave: () => void } {
  const shared = turns.get(name) ?? { turn: new Turn(), users: 0 };
  turns.set(name, shared);
  shared.users += 1;
  const leave = () => {
    shared.users -= 1;
    if (shared.users === 0) turns.delete(name);
  };
  return { turn: shared.turn, leave };
}
