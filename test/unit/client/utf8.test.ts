import fc from 'fast-check';
import { Utf8Decoder } from '../../../src/client/platform/utf8';

const decode = (bytes: Uint8Array, size: number): string => {
  const decoder = new Utf8Decoder();
  let text = '';
  for (let at = 0; at < bytes.length; at += size) text += decoder.push(bytes.subarray(at, at + size));
  return text;
};

describe('UTF-8 in pieces', () => {
  it.each([
    ['ASCII', 'plain'],
    ['two bytes', 'é ß'],
    ['three bytes', '江河湖海'],
    ['four bytes', '🌊🐟'],
    ['a byte order mark', '\ufeffa'],
    ['a long text', '水'.repeat(10_000)],
  ])('of %s is the same text', (_name, text) => {
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 2, 3, 5, bytes.length]) expect(decode(bytes, size)).toBe(text);
  });

  it('is what TextDecoder makes of it, whatever the bytes are', () => {
    const reference = new TextDecoder('utf-8', { ignoreBOM: true });
    // Bytes that begin, go on and break characters are tried often.
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xe0, 0xed, 0xf0, 0xf4, 0x80, 0x9f, 0xa0),
    );
    fc.assert(
      fc.property(fc.array(byte), fc.integer({ min: 1, max: 7 }), (list, size) => {
        // What ends within a character is not given out, so an end that is none follows.
        const bytes = Uint8Array.from([...list, 0x2e]);
        expect(decode(bytes, size)).toBe(reference.decode(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});
