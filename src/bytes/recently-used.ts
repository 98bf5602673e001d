/** Keeps values up to a total weight; what was not used for longest goes first. */
export class RecentlyUsed<Value> {
  // A Map keeps the order of insertion: the first one is the one unused for longest.
  private readonly kept = new Map<string, Value>();
  private weight = 0;

  /** @param weigh a value's part of `most`, always the same for one value */
  constructor(
    private readonly most: number,
    private readonly weigh: (value: Value) => number,
  ) {}

  get(key: string): Value | undefined {
    const value = this.kept.get(key);
    if (value === undefined) return undefined;
    this.kept.delete(key);
    this.kept.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.delete(key);
    this.kept.set(key, value);
    this.weight += this.weigh(value);
    for (const oldest of this.kept.keys()) {
      if (this.weight <= this.most) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const value = this.kept.get(key);
    if (value === undefined) return;
    this.kept.delete(key);
    this.weight -= this.weigh(value);
  }
}
