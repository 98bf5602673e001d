import type { KeyValueStore } from '../../src/models/keyvalue';

/** The store with another `set`. */
export function withSet(store: KeyValueStore, set: KeyValueStore['set']): KeyValueStore {
  return {
    form: store.form,
    location: store.location,
    ping: () => store.ping(),
    close: () => store.close(),
    get: (key) => store.get(key),
    set,
    compareAndSet: (...call) => store.compareAndSet(...call),
    delete: (key) => store.delete(key),
    increment: (...call) => store.increment(...call),
    timeToLive: (key) => store.timeToLive(key),
  };
}
