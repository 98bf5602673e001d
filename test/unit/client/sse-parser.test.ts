import { SseParser, type StreamEvent } from '../../../src/client/events/sse-parser';

function parse(pieces: string[]): { events: StreamEvent[]; retry: number | undefined } {
  const events: StreamEvent[] = [];
  const parser = new SseParser((event) => events.push(event));
  for (const piece of pieces) parser.push(piece);
  return { events, retry: parser.retry };
}

describe('Server-Sent Events', () => {
  it.each([
    ['an event', 'event: a\ndata: 1\n\n', [{ event: 'a', data: '1' }]],
    ['one without a name', 'data: 1\n\n', [{ event: 'message', data: '1' }]],
    ['more than one line of data', 'data: 1\ndata:2\ndata\n\n', [{ event: 'message', data: '1\n2\n' }]],
    ['a comment', ':\n\n: words\n\ndata: 1\n\n', [{ event: 'message', data: '1' }]],
    ['a name without data', 'event: a\n\ndata: 1\n\n', [{ event: 'message', data: '1' }]],
    ['one that does not end', 'data: 1\n\ndata: 2\n', [{ event: 'message', data: '1' }]],
    [
      'carriage returns',
      'data: 1\r\rdata: 2\r\n\r\n',
      [
        { event: 'message', data: '1' },
        { event: 'message', data: '2' },
      ],
    ],
    ['two spaces', 'data:  1\n\n', [{ event: 'message', data: ' 1' }]],
    ['unknown fields', 'id: 7\nother: 1\ndata: {"a":"b:c"}\n\n', [{ event: 'message', data: '{"a":"b:c"}' }]],
  ])('with %s are read, in whatever pieces they come', (_name, text, expected) => {
    expect(parse([text]).events).toEqual(expected);
    expect(parse(Array.from(text)).events).toEqual(expected);
    for (let at = 0; at <= text.length; at += 1) {
      expect(parse([text.slice(0, at), '', text.slice(at)]).events).toEqual(expected);
    }
  });

  it('say when to come back', () => {
    expect(parse(['retry: 10\n\nretry: x\n\nretry: 1', '20\n\n']).retry).toBe(120);
  });
});
