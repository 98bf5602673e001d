/** Topics that share a cursor. */
export interface Group {
  topics: string[];
  /** Undefined until it is known: events begin now. */
  after: string | undefined;
}

/**
 * Where the client is in the history of its topics. A cursor only covers the topics that it was made for, and cursors
 * cannot be joined here: topics that are added get one of their own, until a WebSocket has them all in one subscription.
 */
export class Groups {
  private list: Group[] = [];

  constructor(topics: readonly string[], after?: string) {
    this.add(topics, after);
  }

  get all(): readonly Group[] {
    return this.list;
  }

  get topics(): string[] {
    return this.list.flatMap(({ topics }) => topics);
  }

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  /** @returns the topics that are new; null when there are none */
  add(topics: readonly string[], after?: string): Group | null {
    const known = this.topics;
    const added = [...new Set(topics)].filter((topic) => !known.includes(topic));
    if (added.length === 0) return null;
    const group: Group = { topics: added, after };
    this.list.push(group);
    return group;
  }

  /** @returns the groups that are not what they were; one that has no topics any more is gone */
  remove(topics: readonly string[]): Group[] {
    const changed = this.list.filter((group) => group.topics.some((topic) => topics.includes(topic)));
    for (const group of changed) group.topics = group.topics.filter((topic) => !topics.includes(topic));
    this.list = this.list.filter((group) => group.topics.length > 0);
    return changed;
  }

  /** The second becomes part of the first: one cursor covers both from now on. */
  join(first: Group, second: Group): void {
    first.topics.push(...second.topics);
    this.list = this.list.filter((group) => group !== second);
  }
}
