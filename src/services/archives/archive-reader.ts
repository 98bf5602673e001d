import type { BlobReader } from '../../models/blobs';
import { cutZip, type ZipLayout } from './zip-layout';

/** Smaller pieces are put together, so that a thousand small files are not two thousand packets. */
const SMALL = 16 * 1024;
const GATHERED = 64 * 1024;

interface ArchiveReaderOptions {
  layout: ZipLayout;
  /** Opens the content of the entry with that index. */
  open: (index: number) => Promise<BlobReader>;
  /** Called while contents are being read, before each piece. */
  onPiece: () => Promise<void>;
}

/** Reads an archive that is nowhere: a reading has at most one of its contents open, and only while it needs it. */
export class ArchiveReader implements BlobReader {
  private readonly opened = new Set<BlobReader>();

  constructor(private readonly options: ArchiveReaderOptions) {}

  get size(): number {
    return this.options.layout.size;
  }

  read(start: number, end: number): AsyncIterable<Uint8Array> {
    if (end > this.size) throw new RangeError(`the archive ends at ${this.size}, before ${end}`);
    return gathered(this.pieces(start, end));
  }

  async close(): Promise<void> {
    await Promise.all([...this.opened].map((content) => content.close()));
  }

  private async *pieces(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    for (const span of cutZip(this.options.layout, start, end)) {
      if (span.kind === 'literal') yield span.bytes;
      else yield* this.content(span.index, span.start, span.end);
    }
  }

  private async *content(index: number, start: number, end: number): AsyncGenerator<Uint8Array, void> {
    const content = await this.options.open(index);
    this.opened.add(content);
    try {
      for await (const piece of content.read(start, end)) {
        await this.options.onPiece();
        yield piece;
      }
    } finally {
      this.opened.delete(content);
      await content.close();
    }
  }
}

/** The same bytes in their order; a piece is valid until the next one is asked for. */
async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let buffer: Buffer | null = null;
  let filled = 0;
  for await (const piece of source) {
    const isSmall = piece.length <= SMALL;
    if (buffer && filled > 0 && (!isSmall || filled + piece.length > GATHERED)) {
      yield buffer.subarray(0, filled);
      filled = 0;
    }
    if (isSmall) {
      buffer ??= Buffer.allocUnsafe(GATHERED);
      buffer.set(piece, filled);
      filled += piece.length;
    } else yield piece;
  }
  if (buffer && filled > 0) yield buffer.subarray(0, filled);
}
