/**
 * Lets concurrent writers of one file share its syncs. A sync covers what was written before it started, so a caller
 * may share one that starts after the call, never one that is running already.
 */
export class SharedSync {
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;

  /** @param sync makes everything written so far survive a power cut */
  constructor(private readonly sync: () => Promise<void>) {}

  /**
   * Resolves when a sync that started after this call has ended.
   * @throws what the sync threw. After a failure the sync that waits behind it is not tried, but fails with it: the
   * kernel reports lost pages once and then forgets them, so a later success would say nothing.
   */
  run(): Promise<void> {
    if (this.next) return this.next;
    if (!this.running) return this.start();
    this.next = this.running.then(() => {
      this.next = null;
      return this.start();
    });
    return this.next;
  }

  private start(): Promise<void> {
    const running = this.sync().then(() => {
      this.running = null;
    });
    this.running = running;
    return running;
  }
}
