import type { Extent, UploadRecord } from '../models/sql';
import { receivedBytes } from './chunk-grid';
import type { EventPublisher } from './events';
import type { Clock } from './runtime';

/** At most so often is told how far an upload is. */
const EVERY_MS = 500;
/** Uploads whose last report is remembered. */
const MOST_REMEMBERED = 10_000;

/** Tells the owner of an upload how far it is, now and then: the end has an event of its own. */
export class ProgressEvents {
  /** When each upload was last reported, oldest first. */
  private readonly reportedAt = new Map<string, number>();

  constructor(private readonly options: { events: EventPublisher; now: Clock }) {}

  /** Never fails and never makes its caller wait. */
  report(upload: Pick<UploadRecord, 'id' | 'size' | 'sizeDeferred'>, extents: Extent[]): void {
    const { events, now } = this.options;
    const at = now().getTime();
    const last = this.reportedAt.get(upload.id);
    if (last !== undefined && Math.abs(at - last) < EVERY_MS) return;
    this.remember(upload.id, at);
    void events.publish(`upload:${upload.id}`, 'upload.progress', {
      uploadId: upload.id,
      receivedBytes: receivedBytes(extents),
      size: upload.sizeDeferred ? null : upload.size,
    });
  }

  private remember(id: string, at: number): void {
    this.reportedAt.delete(id);
    this.reportedAt.set(id, at);
    const [oldest] = this.reportedAt.keys();
    if (this.reportedAt.size > MOST_REMEMBERED && oldest !== undefined) this.reportedAt.delete(oldest);
  }
}
