/** The data of each type of event, as the server publishes them. Events name things; read anew what you show. */
export interface EventData {
  'document.created': DocumentChange;
  'document.updated': DocumentChange;
  'document.deleted': DocumentChange;
  'comment.created': CommentChange;
  'comment.updated': CommentChange;
  'comment.deleted': CommentChange;
  'upload.progress': {
    uploadId: string;
    receivedBytes: number;
    /** Bytes; null while the client has not said how many there will be. */
    size: number | null;
  };
  'upload.completed': { uploadId: string; fileId: string };
  'upload.aborted': { uploadId: string; reason: string };
  'file.created': { fileId: string; name: string; size: number };
  'file.deleted': { fileId: string };
  'session.revoked': { id: string };
}

export interface DocumentChange {
  documentId: string;
  version: number;
}

export interface CommentChange {
  documentId: string;
  commentId: string;
  parentId: string | null;
  /** Only to users whom the comment mentions, on their own topic. */
  authorId?: string;
  mention?: true;
}

export type EventType = keyof EventData;

/** One event of the log, told apart by its `type`. A newer server may send types that are not among these. */
export type FerryEvent = {
  [Type in EventType]: {
    /** A cursor: whoever comes back with it gets what came after this event. */
    id: string;
    topic: string;
    type: Type;
    data: EventData[Type];
    /** RFC 3339, in UTC. */
    time: string;
  };
}[EventType];

/** What went wrong, by a code that is stable: one of the server's, `network` or `timeout`. */
export interface Problem {
  code: string;
  detail: string;
}

/** From the best to the one that works everywhere. */
export type TransportName = 'websocket' | 'sse' | 'long-poll' | 'short-poll';

export type ConnectionState =
  /** There are no topics. */
  | { phase: 'idle' }
  | { phase: 'connecting'; transport: TransportName }
  /** Events come. */
  | { phase: 'live'; transport: TransportName }
  /** The connection was lost, and is tried again by itself after so many milliseconds. */
  | { phase: 'waiting'; forMs: number; problem: Problem }
  /** The device says that it has no network. */
  | { phase: 'offline' }
  /** By `close()`, or for good by the server: then `problem` says why. */
  | { phase: 'closed'; problem: Problem | null };

export interface ConnectOptions {
  /** Where Ferry is, such as `https://ferry.example`; in browsers the page's own origin by default. */
  url?: string;
  /** `user:<id>`, `document:<id>`, `upload:<id>`, `documents`. */
  topics: readonly string[];
  /** The cursor of an earlier connection with the same topics. Without it events begin now. */
  after?: string;
  /** Each event once, in the order of its topic. */
  onEvent: (event: FerryEvent) => void;
  /** Events of these topics were missed and are gone: read anew what you show. */
  onGap?: (topics: readonly string[]) => void;
  onState?: (state: ConnectionState) => void;
  /** Something did not work while the rest goes on. `topics` are those that were given up, such as one that may not be read. */
  onProblem?: (problem: Problem, topics: readonly string[]) => void;
  /**
   * Gives the access token, or null for none. With `forceRefresh` the last one was refused: get another one. It is never
   * called twice at once. Without it the cookie of the session counts, if there is one.
   */
  getAccessToken?: (options: { forceRefresh: boolean }) => Promise<string | null>;
  /** Those that may be used; all by default. The order is always the same. */
  transports?: readonly TransportName[];
}
