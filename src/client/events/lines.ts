import type { Group } from './groups';
import type { Asking, Ended, Link, LinkListener } from './transport';

/** What follows one group, whose topics stay as they are. */
export interface Line {
  check: () => void;
  close: () => void;
}

export interface LineListener extends Omit<LinkListener, 'joined'> {
  /** The group is followed. */
  ready: () => void;
}

export type OpenLine = (asking: Asking, group: Group, listener: LineListener) => Line;

/** A link out of lines, one for each group: what requests of HTTP need, whose topics and cursor stand in the address. */
export class Lines implements Link {
  private readonly lines = new Map<Group, Line>();
  private readonly begun = new Set<Group>();
  private isReady = false;
  private isOver = false;

  constructor(
    private readonly openLine: OpenLine,
    private readonly asking: Asking,
    private readonly listener: LinkListener,
  ) {
    for (const group of asking.groups) this.added(group);
  }

  added(group: Group): void {
    const line = this.openLine(this.asking, group, {
      ...this.listener,
      ready: () => {
        this.begun.add(group);
        this.lookWhetherReady();
      },
      ended: (ended) => this.end(ended),
    });
    this.lines.set(group, line);
  }

  removed(_topics: readonly string[], groups: readonly Group[]): void {
    for (const group of groups) {
      this.lines.get(group)?.close();
      this.lines.delete(group);
      if (group.topics.length > 0) this.added(group);
    }
    this.lookWhetherReady();
  }

  check(): void {
    for (const line of this.lines.values()) line.check();
  }

  close(): void {
    this.isOver = true;
    for (const line of this.lines.values()) line.close();
    this.lines.clear();
  }

  private lookWhetherReady(): void {
    if (this.isReady || ![...this.lines.keys()].every((group) => this.begun.has(group))) return;
    this.isReady = true;
    this.listener.ready();
  }

  private end(ended: Ended): void {
    if (this.isOver) return;
    this.close();
    this.listener.ended(ended);
  }
}
