import fc from 'fast-check';
import {
  decodeCursor,
  encodeCursor,
  epochFingerprint,
  isCursorText,
  keyOfMarks,
  topicFingerprint,
  type Mark,
} from '../../../../src/services/hub/cursors';

const epochs = ['a', 'b', 'c'].map(epochFingerprint);
const mark = (topic: string, offset: number, epoch = epochs[0]!): Mark => {
  return { topic: topicFingerprint(topic), epoch, offset };
};
const anyMark = fc.record({
  topic: fc.nat(0xffffffff),
  epoch: fc.constantFrom(...epochs),
  offset: fc.maxSafeNat(),
});

describe('cursors', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(anyMark, { minLength: 1, maxLength: 20 }), (marks) => {
        const text = encodeCursor({ kind: 'whole', marks });
        if (text === null) return;
        expect(isCursorText(text)).toBe(true);
        expect(decodeCursor(text)).toEqual({ kind: 'whole', marks });
      }),
    );
  });

  it('that refer to a list come back as they were', () => {
    const change = fc.tuple(fc.nat(1000), fc.maxSafeNat());
    fc.assert(
      fc.property(fc.array(anyMark), fc.array(change, { maxLength: 20 }), (marks, changes) => {
        const cursor = { kind: 'reference' as const, key: keyOfMarks(marks), changes };
        const text = encodeCursor(cursor);
        if (text !== null) expect(decodeCursor(text)).toEqual(cursor);
      }),
    );
  });

  it.each([
    [1, 22],
    [5, 62],
    [12, 128],
  ])('of %d topics of one epoch have at most %d characters', (count, most) => {
    const marks = Array.from({ length: count }, (_, n) => mark(`topic:${n}`, 10_000));
    expect(encodeCursor({ kind: 'whole', marks })?.length).toBeLessThanOrEqual(most);
  });

  it('of too many topics do not fit', () => {
    const marks = Array.from({ length: 20 }, (_, n) => mark(`topic:${n}`, 10_000));
    expect(encodeCursor({ kind: 'whole', marks })).toBeNull();
  });

  it.each(['', 'a:b', 'a b', 'a\n', 'ä', '%41', 'a'.repeat(129), '"', 'a,b'])(
    'are not of the form %j',
    (text) => {
      expect(isCursorText(text)).toBe(false);
      expect(decodeCursor(text)).toBeNull();
    },
  );

  it.each(['-', '.', 'nonsense', 'AAAA', 'AQ', 'Ag', 'AgAA', 'AQH_____________________', 'AQEAAAAAAAAAAAAA'])(
    'that nobody made are none: %s',
    (text) => {
      expect(decodeCursor(text)).toBeNull();
    },
  );

  it('of any characters are decoded or refused, and have one spelling', () => {
    const character = fc.constantFrom(
      ...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'),
    );
    fc.assert(
      fc.property(fc.string({ unit: character, minLength: 1, maxLength: 128 }), (text) => {
        const cursor = decodeCursor(`AQE${text}`.slice(0, 128));
        if (cursor?.kind !== 'whole' || cursor.marks.length === 0) return;
        for (const { offset } of cursor.marks) expect(Number.isSafeInteger(offset)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
