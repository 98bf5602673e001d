import type { ByteSource } from '../index';

/** Whether the stored bytes begin with those of the source. Reads the source to its end, the stored ones as needed. */
export async function matches(stored: ByteSource, source: ByteSource): Promise<boolean> {
  const reading = stored[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  let same = true;
  try {
    for await (const piece of source) {
      for (let seen = 0; same && seen < piece.length;) {
        while (rest.length === 0) {
          const next = await reading.next();
          if (next.done) break;
          rest = next.value;
        }
        const length = Math.min(rest.length, piece.length - seen);
        same =
          length > 0 && Buffer.compare(piece.subarray(seen, seen + length), rest.subarray(0, length)) === 0;
        seen += length;
        rest = rest.subarray(length);
      }
    }
    return same;
  } finally {
    await reading.return?.();
  }
}
