import { interruptible } from '../../../src/services/interruptible';

async function read(source: AsyncIterable<Uint8Array>, into: string[]): Promise<void> {
  for await (const piece of source) into.push(Buffer.from(piece).toString());
}

async function* bytes(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield Buffer.from(piece);
  }
}

const reason = new Error('superseded');

describe('interruptible', () => {
  it('passes everything on as long as nobody interrupts it', async () => {
    const found: string[] = [];
    await read(interruptible(bytes('a', 'b', 'c'), new AbortController().signal), found);
    expect(found).toEqual(['a', 'b', 'c']);
  });

  it("passes the source's error on", async () => {
    const cut = new Error('cut');
    async function* broken() {
      yield* bytes('a');
      throw cut;
    }
    const found: string[] = [];
    await expect(read(interruptible(broken(), new AbortController().signal), found)).rejects.toBe(cut);
    expect(found).toEqual(['a']);
  });

  it('ends at once although the source stands still', async () => {
    const controller = new AbortController();
    async function* stuck() {
      yield* bytes('a');
      await new Promise<void>(() => undefined);
    }
    const found: string[] = [];
    const reading = read(interruptible(stuck(), controller.signal), found);
    setImmediate(() => controller.abort(reason));
    await expect(reading).rejects.toBe(reason);
    expect(found).toEqual(['a']);
  });

  it('takes nothing when it was interrupted before', async () => {
    const found: string[] = [];
    await expect(read(interruptible(bytes('a'), AbortSignal.abort(reason)), found)).rejects.toBe(reason);
    expect(found).toEqual([]);
  });

  it('lets go of the source when its reader leaves', async () => {
    let isLeft = false;
    async function* watched() {
      try {
        yield* bytes('a', 'b');
      } finally {
        isLeft = true;
      }
    }
    for await (const piece of interruptible(watched(), new AbortController().signal)) {
      expect(piece.length).toBe(1);
      break;
    }
    await new Promise(setImmediate);
    expect(isLeft).toBe(true);
  });
});
