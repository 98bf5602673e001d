import fc from 'fast-check';
import { sameBytes } from '../../../src/services/same-bytes';

/** The bytes in pieces of those lengths, again and again, empty ones included. */
async function* inPieces(bytes: Buffer, lengths: number[]): AsyncGenerator<Uint8Array, void> {
  await Promise.resolve();
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? bytes.length;
    yield bytes.subarray(at, at + length);
    at += length;
  }
  yield Buffer.alloc(0);
}

const lengths = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }).map((list) => [...list, 3]);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

describe('two sources', () => {
  it('are the same by their bytes, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, lengths, lengths, async (one, other, cut, cutOther) => {
        expect(await sameBytes(inPieces(one, cut), inPieces(one, cutOther))).toBe(true);
        expect(await sameBytes(inPieces(one, cut), inPieces(other, cutOther))).toBe(one.equals(other));
      }),
    );
  });

  it.each([
    ['a longer one', 'abc', 'abcd'],
    ['a shorter one', 'abcd', 'abc'],
    ['a differing last byte', 'abcd', 'abce'],
    ['nothing and something', '', 'a'],
  ])('are not the same: %s', async (_what, one, other) => {
    expect(await sameBytes(inPieces(Buffer.from(one), [2]), inPieces(Buffer.from(other), [3]))).toBe(false);
  });

  it('are read on the left to the end, and let go on the right', async () => {
    let ended = false;
    let released = false;
    const left = async function* () {
      yield* inPieces(Buffer.from('xbcdef'), [1]);
      ended = true;
    };
    const right = async function* () {
      try {
        yield* inPieces(Buffer.from('abcdef'), [1]);
      } finally {
        released = true;
      }
    };
    expect(await sameBytes(left(), right())).toBe(false);
    expect([ended, released]).toEqual([true, true]);
  });
});
