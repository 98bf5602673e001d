import type { ByteSource } from '../models/blobs';

/** Whether both bring the same bytes, in pieces of whatever lengths. Reads `left` to its end in any case. */
export async function sameBytes(left: ByteSource, right: ByteSource): Promise<boolean> {
  const others = right[Symbol.asyncIterator]();
  let other: Uint8Array = new Uint8Array();
  let same = true;
  try {
    for await (const piece of left) {
      for (let seen = 0; same && seen < piece.length;) {
        if (other.length === 0) other = await nextPiece(others);
        const length = Math.min(other.length, piece.length - seen);
        same =
          length > 0 && Buffer.compare(piece.subarray(seen, seen + length), other.subarray(0, length)) === 0;
        seen += length;
        other = other.subarray(length);
      }
    }
    return same && other.length === 0 && (await nextPiece(others)).length === 0;
  } finally {
    await others.return?.();
  }
}

/** The next piece that is not empty; an empty one at the end. */
async function nextPiece(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  for (;;) {
    const next = await pieces.next();
    if (next.done) return new Uint8Array();
    if (next.value.length > 0) return next.value;
  }
}
