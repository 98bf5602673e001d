import { TooLarge } from '../../../src/errors';
import { Stretches } from '../../../src/services/stretches';

// eslint-disable-next-line @typescript-eslint/require-await -- a body is asynchronous
async function* bytes(pieces: string[], end?: Error): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
  if (end) throw end;
}

async function read(source: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of source) text += Buffer.from(piece).toString();
  return text;
}

describe('Stretches', () => {
  it.each([
    { pieces: [], expected: [''] },
    { pieces: ['abc'], expected: ['abc'] },
    { pieces: ['abcd'], expected: ['abcd', ''] },
    { pieces: ['abc', 'def', 'g'], expected: ['abcdef', 'g'] },
    { pieces: ['abcdefghij', 'k'], expected: ['abcdefghij', 'k'] },
  ])('cuts $pieces after the piece that reaches four bytes', async ({ pieces, expected }) => {
    const stretches = new Stretches(bytes(pieces), { stretchBytes: 4, mostBytes: null });
    const found: string[] = [];
    while (!stretches.ended) found.push(await read(stretches.next()));
    expect(found).toEqual(expected);
    expect(stretches.failure).toBeUndefined();
  });

  it('ends early, and says why, when the body breaks off', async () => {
    const cut = new Error('cut');
    const stretches = new Stretches(bytes(['ab'], cut), { stretchBytes: 4, mostBytes: null });
    expect(await read(stretches.next())).toBe('ab');
    expect(stretches.ended).toBe(true);
    expect(stretches.failure).toBe(cut);
  });

  it('refuses the first byte too many', async () => {
    const stretches = new Stretches(bytes(['abc', 'def']), { stretchBytes: 4, mostBytes: 5 });
    await expect(read(stretches.next())).rejects.toThrow(TooLarge);
    expect(stretches.ended).toBe(true);
  });

  it('lets go of the body when it is closed', async () => {
    let isLeft = false;
    async function* endless() {
      try {
        for (;;) {
          await Promise.resolve();
          yield Buffer.from('ab');
        }
      } finally {
        isLeft = true;
      }
    }
    const stretches = new Stretches(endless(), { stretchBytes: 4, mostBytes: null });
    expect(await read(stretches.next())).toBe('abab');
    await stretches.close();
    expect(isLeft).toBe(true);
  });
});
