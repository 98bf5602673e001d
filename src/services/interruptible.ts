import type { ByteSource } from '../models/blobs';

/**
 * The same bytes until the signal is aborted: then the reading ends with the signal's reason at once, even while the
 * source stands still. The source is told that nobody wants the rest; that is not waited for.
 */
export async function* interruptible(source: ByteSource, signal: AbortSignal): ByteSource {
  const pieces = source[Symbol.asyncIterator]();
  let interrupt: () => void = () => undefined;
  const onAbort = (): void => interrupt();
  signal.addEventListener('abort', onAbort);
  try {
    for (;;) {
      signal.throwIfAborted();
      // A promise of its own for each piece: a single one for all would remember every race that it was in.
      const result = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        // The reason is whatever the signal was aborted with.
        interrupt = () => reject(signal.reason as Error);
        pieces.next().then(resolve, reject);
      });
      if (result.done) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    pieces.return?.().catch(() => undefined);
  }
}
