import type { LoggedEvent } from '../../models/eventlog';

/** How a transport writes a message. The object itself is what the written form is remembered by. */
export interface Format<T> {
  encode(message: Message): T;
}

/** An event in a ring: what all who get it share. */
export class Entry {
  private text: string | undefined;

  constructor(readonly event: LoggedEvent) {}

  /** The event as JSON without its id, from the first member to the closing brace. */
  get rest(): string {
    if (this.text === undefined) {
      const { topic, type, data, time } = this.event;
      this.text = JSON.stringify({ topic, type, data, time: time.toISOString() }).slice(1);
    }
    return this.text;
  }
}

/**
 * An event with the id that it has for all who follow the same topics: the cursor after it. Each format of it is made
 * once.
 */
export class Message {
  private readonly forms = new Map<Format<unknown>, unknown>();

  constructor(
    readonly entry: Entry,
    readonly id: string,
  ) {}

  get type(): string {
    return this.entry.event.type;
  }

  /** `{id, topic, type, data, time}`. */
  get json(): string {
    return this.as(json);
  }

  as<T>(format: Format<T>): T {
    if (!this.forms.has(format)) this.forms.set(format, format.encode(this));
    return this.forms.get(format) as T;
  }
}

const json: Format<string> = {
  encode: ({ id, entry }) => `{"id":${JSON.stringify(id)},${entry.rest}`,
};
