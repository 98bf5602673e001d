/** An event of a stream, or what a line of it says about coming back. */
export interface StreamEvent {
  event: string;
  data: string;
}

/** Reads Server-Sent Events (HTML §9.2.6) out of text that comes in pieces. */
export class SseParser {
  /** Milliseconds that the server wants clients to wait before they come back. */
  retry: number | undefined;
  private line = '';
  private endedByReturn = false;
  private event = '';
  private data: string[] = [];

  constructor(private readonly onEvent: (event: StreamEvent) => void) {}

  push(piece: string): void {
    // The line feed of a CRLF that was cut in two is no line of its own.
    const text = this.endedByReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
    if (piece !== '') this.endedByReturn = piece.endsWith('\r');
    const lines = text.split(/\r\n|\r|\n/);
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      this.take(this.line + line);
      this.line = '';
    }
    this.line += rest;
  }

  private take(line: string): void {
    if (line === '') {
      this.dispatch();
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
  }

  private dispatch(): void {
    const { event, data } = this;
    this.event = '';
    this.data = [];
    if (data.length > 0) this.onEvent({ event: event || 'message', data: data.join('\n') });
  }
}
