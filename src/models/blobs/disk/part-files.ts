import fs, { type FileHandle } from 'node:fs/promises';
import { NotFound } from '../../../errors';
import { SyncFailed } from '../index';
import type { Layout } from './layout';
import { SharedSync } from './shared-sync';
import { storage } from './system';

/** Makes the bytes of an open file survive a power cut. */
export type Datasync = (handle: FileHandle) => Promise<void>;

/** A part while it is open. Everyone who works on it at that time has the same one. */
export class OpenPart {
  users = 0;
  private retired = false;
  private readonly shared: SharedSync;

  /** @param datasync of the file that is opening */
  constructor(
    readonly opening: Promise<FileHandle>,
    datasync: (part: OpenPart) => Promise<void>,
  ) {
    this.shared = new SharedSync(() => datasync(this));
  }

  /** Waits for a sync that covers the caller's writes. @throws `SyncFailed` */
  sync(): Promise<void> {
    return this.shared.run();
  }

  /** Ends writing: the file is about to be a blob, or nothing. */
  retire(): void {
    this.retired = true;
  }

  get isRetired(): boolean {
    return this.retired;
  }

  /** @throws `NotFound` when the file is no part any more, which a slow writer would otherwise not notice */
  assertWritable(): void {
    if (this.retired) throw new NotFound('The part is published or discarded.');
  }
}

/**
 * The open parts of a store. Concurrent users of one part share a descriptor, because the kernel reports a failed
 * write-back once to each descriptor that was open by then: one opened later could miss it and report success.
 */
export class PartFiles {
  private readonly open = new Map<string, OpenPart>();
  /** Parts of which a sync has failed since the start; their bytes cannot be trusted any more. */
  private readonly failed = new Map<string, SyncFailed>();

  constructor(
    private readonly layout: Layout,
    private readonly datasync: Datasync,
  ) {}

  /**
   * Does `work` with the open part.
   * @throws `NotFound`; `SyncFailed` when a sync of this part failed before
   */
  async use<T>(id: string, work: (handle: FileHandle, part: OpenPart) => Promise<T>): Promise<T> {
    const failure = this.failed.get(id);
    if (failure) throw failure;
    const part = this.open.get(id) ?? this.start(id);
    part.users += 1;
    try {
      return await work(await part.opening, part);
    } finally {
      part.users -= 1;
      if (part.users === 0) await this.end(id, part);
    }
  }

  /** Ends writing by those who have the part open; whoever comes later opens what is there then. */
  retire(id: string): void {
    this.open.get(id)?.retire();
    this.open.delete(id);
  }

  /** As `retire`, and a failed sync counts no more: the part is gone. */
  forget(id: string): void {
    this.retire(id);
    this.failed.delete(id);
  }

  private start(id: string): OpenPart {
    const part = new OpenPart(storage(fs.open(this.layout.part(id), 'r+')), (opened) =>
      this.syncPart(id, opened),
    );
    this.open.set(id, part);
    return part;
  }

  private async end(id: string, part: OpenPart): Promise<void> {
    if (this.open.get(id) === part) this.open.delete(id);
    const handle = await part.opening.catch(() => null);
    await handle?.close();
  }

  private async syncPart(id: string, part: OpenPart): Promise<void> {
    try {
      await this.datasync(await part.opening);
    } catch (error) {
      const failure = new SyncFailed(error);
      if (!part.isRetired) this.failed.set(id, failure);
      throw failure;
    }
  }
}
