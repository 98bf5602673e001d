import type { EventLog } from '../models/eventlog';
import type { Log } from './runtime';

/** What happens to a document or a comment. */
export type ContentChange = 'created' | 'updated' | 'deleted';

export type EventType =
  | 'upload.progress'
  | 'upload.completed'
  | 'upload.aborted'
  | 'file.created'
  | 'file.deleted'
  | 'session.revoked'
  | `document.${ContentChange}`
  | `comment.${ContentChange}`;

export interface EventPublisher {
  /**
   * Appends an event after what it tells of has been committed. It never fails its caller, whose work is done: a log
   * that is down is reported, and clients find out by the gap.
   */
  publish(topic: string, type: EventType, data: object): Promise<void>;
}

export function createEventPublisher({ eventlog, log }: { eventlog: EventLog; log: Log }): EventPublisher {
  return {
    async publish(topic, type, data) {
      try {
        await eventlog.append(topic, type, data);
      } catch (error) {
        log.error({ err: error, topic, type }, 'an event was not published');
      }
    },
  };
}
