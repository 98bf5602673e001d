/** A path, or a message with one in it, without the token of a link: whoever reads the log may not use it. */
export function loggable(text: string): string {
  return text.replace(/(^|\s)\/d\/[^/?\s]+/gi, '$1/d/…');
}
