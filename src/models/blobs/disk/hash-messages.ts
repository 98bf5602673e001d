/** What the hash worker is told. `path` is that of the part's file. */
export type HashOrder =
  /** Bytes [0, end) are final. */
  | { kind: 'advance'; path: string; end: number }
  /** The digest of bytes [0, size) is wanted; answered by a `HashAnswer` with the same number. */
  | { kind: 'finish'; path: string; size: number; request: number }
  /** The part is gone. */
  | { kind: 'forget'; path: string };

/** What the hash worker answers to `finish`: SHA-256 in lower-case hexadecimal, or why there is none. */
export type HashAnswer =
  | { request: number; digest: string }
  | { request: number; digest: null; code: string | null; message: string };
