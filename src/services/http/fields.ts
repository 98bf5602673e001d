/**
 * The header fields of a request in the shape of Node's `IncomingMessage.headersDistinct`: names in lower case, one
 * string per field line. `headers` will not do, because Node joins repeated lines there, or drops all but one.
 */
export type FieldLines = NodeJS.Dict<string[]>;

function isOws(value: string, index: number): boolean {
  const code = value.charCodeAt(index);
  return code === 0x20 || code === 0x09;
}

/**
 * Removes optional whitespace, spaces and tabs, from both ends (RFC 9110 §5.6.3). `String.trim` takes too much: a
 * no-break space is not OWS.
 */
export function trimOws(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isOws(value, start)) start += 1;
  while (end > start && isOws(value, end - 1)) end -= 1;
  return value.slice(start, end);
}

/** The members of a list whose members contain no comma, trimmed, without empty ones (RFC 9110 §5.6.1.2). */
export function splitList(value: string): string[] {
  return value
    .split(',')
    .map(trimOws)
    .filter((member) => member !== '');
}
