import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { storage } from '../disk/system';
import type { ByteSource } from '../index';
import type { Body } from './bucket';

const KIB = 1024;
/** Bytes that are kept in memory instead of a file. */
const MOST_IN_MEMORY = 256 * KIB;
/** Bytes read from a file at a time. */
const READ_BYTES = 256 * KIB;

/** Bytes that have come and are about to be written as one object. */
interface Stretch {
  start: number;
  size: number;
  crc32: number;
}

/**
 * Bytes of a source that wait until it has come to its end: object storage has to be told beforehand how many there
 * are, and a sender that is slow should not hold a connection to it. Few are kept in memory, many in a file without a
 * name, which is gone with this process.
 */
export class Spool {
  /** None is larger than what one object takes. */
  readonly stretches: Stretch[] = [];
  private size = 0;
  private memory: Buffer[] = [];
  private file: FileHandle | null = null;

  /** @param mostBytes of one stretch */
  private constructor(
    private readonly directory: string,
    private readonly mostBytes: number,
  ) {}

  /**
   * Takes all bytes of a source.
   * @param directory where files lie; it must be there
   * @throws the source's error as it is, `OutOfSpace` when the disk is full
   */
  static async fill(directory: string, mostBytes: number, source: ByteSource): Promise<Spool> {
    const spool = new Spool(directory, mostBytes);
    try {
      for await (const piece of source) await spool.add(piece);
      return spool;
    } catch (error) {
      await spool.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.size;
  }

  body({ start, size, crc32: sum }: Stretch): Body {
    const { file } = this;
    const open = file
      ? () =>
          // Without a path it reads what the handle has, which it must not close: another try needs it.
          createReadStream('', {
            fd: file,
            start,
            end: start + size - 1,
            autoClose: false,
            highWaterMark: READ_BYTES,
          })
      : () => Buffer.concat(this.memory).subarray(start, start + size);
    return { size, crc32: sum, open };
  }

  async close(): Promise<void> {
    this.memory = [];
    await this.file?.close();
  }

  private async add(piece: Uint8Array): Promise<void> {
    if (piece.length === 0) return;
    this.count(piece);
    if (!this.file && this.size + piece.length <= MOST_IN_MEMORY) {
      // Copied, because a source may use its buffers again.
      this.memory.push(Buffer.from(piece));
      this.size += piece.length;
      return;
    }
    if (!this.file) await this.moveToFile();
    await this.write(piece);
  }

  /** Adds the piece to the last stretch and to new ones. */
  private count(piece: Uint8Array): void {
    for (let taken = 0; taken < piece.length;) {
      let last = this.stretches.at(-1);
      if (!last || last.size === this.mostBytes) {
        last = { start: (last?.start ?? 0) + (last?.size ?? 0), size: 0, crc32: 0 };
        this.stretches.push(last);
      }
      const part = piece.subarray(taken, taken + this.mostBytes - last.size);
      last.crc32 = crc32(part, last.crc32);
      last.size += part.length;
      taken += part.length;
    }
  }

  private async moveToFile(): Promise<void> {
    const name = path.join(this.directory, `${randomUUID()}.spool`);
    this.file = await storage(fs.open(name, 'wx+', 0o600));
    await fs.rm(name);
    const kept = Buffer.concat(this.memory);
    this.memory = [];
    this.size = 0;
    await this.write(kept);
  }

  private async write(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.length && this.file;) {
      const { bytesWritten } = await storage(
        this.file.write(piece, done, piece.length - done, this.size + done),
      );
      done += bytesWritten;
    }
    this.size += piece.length;
  }
}
