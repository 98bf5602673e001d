const REPLACEMENT = 0xfffd;

/** Which bytes may follow a first byte at once, and how many there are in all (Unicode §3.9, table 3-7). */
function formOf(first: number): { length: number; least: number; most: number } | null {
  if (first < 0xc2 || first > 0xf4) return null;
  if (first < 0xe0) return { length: 2, least: 0x80, most: 0xbf };
  if (first < 0xf0)
    return { length: 3, least: first === 0xe0 ? 0xa0 : 0x80, most: first === 0xed ? 0x9f : 0xbf };
  return { length: 4, least: first === 0xf0 ? 0x90 : 0x80, most: first === 0xf4 ? 0x8f : 0xbf };
}

/**
 * Decodes UTF-8 that comes in pieces, which may end within a character. Mini-programs have no `TextDecoder`. What is no
 * UTF-8 becomes U+FFFD.
 */
export class Utf8Decoder {
  private code = 0;
  private missing = 0;
  private least = 0x80;
  private most = 0xbf;

  push(bytes: Uint8Array): string {
    const pieces: string[] = [];
    let codes: number[] = [];
    for (const byte of bytes) {
      this.take(byte, codes);
      // As many arguments as any engine takes.
      if (codes.length < 4096) continue;
      pieces.push(String.fromCodePoint(...codes));
      codes = [];
    }
    pieces.push(String.fromCodePoint(...codes));
    return pieces.join('');
  }

  private take(byte: number, codes: number[]): void {
    if (this.missing > 0 && byte >= this.least && byte <= this.most) {
      this.code = this.code * 64 + (byte & 0x3f);
      this.missing -= 1;
      this.least = 0x80;
      this.most = 0xbf;
      if (this.missing === 0) codes.push(this.code);
      return;
    }
    if (this.missing > 0) codes.push(REPLACEMENT);
    this.missing = 0;
    this.begin(byte, codes);
  }

  private begin(byte: number, codes: number[]): void {
    if (byte < 0x80) {
      codes.push(byte);
      return;
    }
    const form = formOf(byte);
    if (!form) {
      codes.push(REPLACEMENT);
      return;
    }
    this.missing = form.length - 1;
    this.least = form.least;
    this.most = form.most;
    this.code = byte & (0xff >> (form.length + 1));
  }
}
