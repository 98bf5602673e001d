/** Bytes of UTF-8, the limit of common file systems, so that what is stored can be saved again. */
const MAX_BYTES = 255;

/** A longer tail after the last dot is not an extension. */
const MAX_EXTENSION_BYTES = 64;

const DEFAULT_NAME = 'file';

/**
 * Control characters and line separators, which break headers and logs, and marks of writing direction, which make
 * `exe.txt` out of `txt.exe` on the screen. The joiners of emoji and of Indic and Persian writing stay.
 */
const INVISIBLE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const LONE_SURROGATE = /\p{Cs}/gu;

/** The longest beginning that fits, with no code point cut in two. */
function cutToBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  for (const char of text) {
    bytes += Buffer.byteLength(char);
    if (bytes > maxBytes) break;
    end += char.length;
  }
  return text.slice(0, end);
}

/** `.txt` of `a.txt`. */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  const extension = dot === -1 ? '' : name.slice(dot);
  return Buffer.byteLength(extension) > MAX_EXTENSION_BYTES ? '' : extension;
}

/** The name with its end, extension apart, cut off so that it fits with the suffix before its extension. */
function limit(name: string, suffix = ''): string {
  if (suffix === '' && Buffer.byteLength(name) <= MAX_BYTES) return name;
  const extension = extensionOf(name);
  const stem = name.slice(0, name.length - extension.length);
  const tail = suffix + extension;
  return cutToBytes(stem, MAX_BYTES - Buffer.byteLength(tail)) + tail;
}

/**
 * Makes a name that can be stored, shown and offered for saving out of whatever a client calls its file: the last
 * segment of a path of either kind, in NFC, at most 255 bytes of UTF-8 with the extension kept, without control
 * characters, direction marks, lone surrogates and surrounding white space. Cleaning a clean name changes nothing.
 * @returns `file` when nothing is left, or nothing but `.` or `..`
 */
export function cleanFileName(name: string): string {
  const visible = name.replace(LONE_SURROGATE, '\ufffd').replace(INVISIBLE, '');
  const base = visible
    .split(/[/\\]/)
    .filter((segment) => segment !== '')
    .at(-1);
  const clean = limit((base ?? '').normalize('NFC').trim()).trim();
  return clean === '' || clean === '.' || clean === '..' ? DEFAULT_NAME : clean;
}

/** Another name for the same file: `a (2).txt` for `a.txt`. @param name a clean one; the result is clean, too */
export function numberedFileName(name: string, number: number): string {
  // A name that is all extension, such as .gitignore, keeps its beginning.
  const suffix = ` (${number})`;
  return name.lastIndexOf('.') === 0
    ? cutToBytes(name, MAX_BYTES - Buffer.byteLength(suffix)) + suffix
    : limit(name, suffix);
}
