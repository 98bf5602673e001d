/**
 * Keys of one purpose in a time of change. New things are made by the current one; what the previous one made lives on,
 * and what the next one makes in a process that is a step ahead is taken already.
 */
export interface KeyRing<K> {
  current: K;
  /** The current one first. */
  all: K[];
  /** By its exact name. */
  find(id: string): K | undefined;
}

export function createKeyRing<K extends { id: string }>(current: K, others: K[]): KeyRing<K> {
  const byId = new Map([...others, current].map((key) => [key.id, key]));
  byId.delete(current.id);
  const all = [current, ...byId.values()];
  return { current, all, find: (id) => (id === current.id ? current : byId.get(id)) };
}
