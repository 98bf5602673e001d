/** What the hash worker is told. `path` is that of the part's or the blob's file. */
export type HashOrder =
  /** Bytes [0, end) are final. */
  | { kind: 'advance'; path: string; end: number }
  /** The digest of bytes [0, size) of a part is wanted; answered by a `HashAnswer` with the same number. */
  | { kind: 'finish'; path: string; size: number; request: number }
  /** The digests of a blob's pieces are wanted; answered in the same way. */
  | { kind: 'pieces'; path: string; size: number; pieceSize: number; request: number }
  /** The part is gone. */
  | { kind: 'forget'; path: string };

/** Of the bytes asked for. */
export interface Hashes {
  /** SHA-256 of each piece, 32 bytes each, one after the other; a `finish` has one piece. */
  digests: Uint8Array;
  /** Of the whole. */
  crc32: number;
}

/** What the hash worker answers to `finish` and `pieces`: the hashes, or why there are none. */
export type HashAnswer =
  | { request: number; hashes: Hashes }
  | { request: number; hashes: null; code: string | null; message: string };
