import type { Platform } from '../platform/platform';
import type { FerryEvent, Problem, TransportName } from '../types';
import type { Group } from './groups';

/** How a link ended, and so what is done next. */
export type Ended =
  /** Not to be tried again. */
  | { how: 'never'; problem: Problem }
  /** With another access token. */
  | { how: 'renew'; problem: Problem }
  /** Topics were refused: without those. */
  | { how: 'refused'; problem: Problem; group: Group }
  /** The server had a reason to end it, and says when to come back, or at once. */
  | { how: 'now'; problem: Problem; afterMs?: number }
  /** The server is not able to do it. */
  | { how: 'later'; problem: Problem; afterMs?: number }
  /** It broke, or what lies between does not let it through. */
  | { how: 'broken'; problem: Problem };

/** What a link says. */
export interface LinkListener {
  /** All topics that it was opened with are followed. */
  ready: () => void;
  /** A new cursor of a group; `recovered` is false when events were missed. */
  moved: (group: Group, next: string, recovered: boolean) => void;
  event: (group: Group, event: FerryEvent) => void;
  problem: (problem: Problem) => void;
  /** One subscription has the topics of both from now on. */
  joined: (first: Group, second: Group) => void;
  /** Asks for another access token. */
  renew: () => Promise<string | null>;
  /** Once, and nothing after it. */
  ended: (ended: Ended) => void;
}

/** Where and as whom a link is opened. */
export interface Asking {
  /** Without a slash at its end. */
  base: string;
  token: string | null;
  groups: readonly Group[];
  platform: Platform;
}

/** A connection on which events come, whatever it is made of. */
export interface Link {
  /** Topics were added. */
  added: (group: Group) => void;
  /** Topics were taken away: the groups that they were of, as they are now. */
  removed: (topics: readonly string[], groups: readonly Group[]) => void;
  /** Looks whether the connection is still there, after the device slept or changed its network. */
  check: () => void;
  /** Ends it without a word. */
  close: () => void;
}

export interface Transport {
  name: TransportName;
  isSupported: (platform: Platform) => boolean;
  open: (asking: Asking, listener: LinkListener) => Link;
}
