import { isUtf8 } from 'node:buffer';
import { encodeExtended, parse } from 'content-disposition';
import { cleanFileName } from './file-names';

/**
 * The name in ASCII for clients that do not know `filename*`. Accents go, everything else becomes `_`, and so do `"`
 * and `\`, whose escapes clients read differently, and `%`, which some of them decode (RFC 6266 appendix D).
 */
function asciiFallback(name: string): string {
  const ascii = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .normalize('NFC')
    .replace(/[^\x20-\x7e]|["\\%]/gu, '_');
  return cleanFileName(ascii);
}

/**
 * A value of `Content-Disposition` (RFC 6266 §4) for any name, which is cleaned first. `filename*` (RFC 8187) is
 * always there, so that no client has to guess what the quoted form means.
 */
export function contentDisposition(disposition: 'inline' | 'attachment', name: string): string {
  const clean = cleanFileName(name);
  return `${disposition}; filename="${asciiFallback(clean)}"; filename*=${encodeExtended(clean)}`;
}

/**
 * The file name in a `Content-Disposition` that a client sent, as it is: to be cleaned by whoever stores it. Clients
 * that send UTF-8 outright are understood.
 * @param field as Node has it, one character for each byte; empty when it was not sent
 * @returns null when there is none, or the field is malformed
 */
export function fileNameIn(field: string): string | null {
  if (field === '') return null;
  const bytes = Buffer.from(field, 'latin1');
  const { filename } = parse(isUtf8(bytes) ? bytes.toString() : field).parameters;
  return filename ?? null;
}
