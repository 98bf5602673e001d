import { createHash } from 'node:crypto';
import { DigestMismatch, InvalidRequest, TooLarge } from '../../../src/errors';
import type { ByteSource } from '../../../src/models/blobs';
import { checkedSource, type Expectations } from '../../../src/services/checked-source';
import type { Digest } from '../../../src/services/http/digests';

const BYTES = Buffer.from('the bytes of a chunk');

const digest = (algorithm: Digest['algorithm'], of = BYTES): Digest => ({
  algorithm,
  value: createHash(algorithm.replace('-', '')).update(of).digest(),
});

/** What comes through, and how it ends. */
async function pass(pieces: Buffer[], expectations: Partial<Expectations> = {}) {
  const passed: Uint8Array[] = [];
  let taken = 0;
  async function* source(): ByteSource {
    for (const piece of pieces) {
      taken += 1;
      yield await Promise.resolve(piece);
    }
  }
  let error: unknown = null;
  try {
    const checked = checkedSource(source(), { length: BYTES.length, digests: [], ...expectations });
    for await (const piece of checked) passed.push(piece);
  } catch (thrown) {
    error = thrown;
  }
  return { bytes: Buffer.concat(passed), error, taken };
}

describe('a checked source', () => {
  it.each<[string, Buffer[]]>([
    ['in one piece', [BYTES]],
    ['in pieces', [BYTES.subarray(0, 3), BYTES.subarray(3, 4), BYTES.subarray(4)]],
    ['with empty pieces', [Buffer.alloc(0), BYTES, Buffer.alloc(0)]],
  ])('passes what is right: %s', async (_, pieces) => {
    const { bytes, error } = await pass(pieces, { digests: [digest('sha-256'), digest('sha-512')] });
    expect(error).toBeNull();
    expect(bytes).toEqual(BYTES);
  });

  it('passes nothing where nothing is expected', async () => {
    expect(await pass([], { length: 0 })).toMatchObject({ error: null });
    expect(
      await pass([Buffer.alloc(0)], { length: 0, digests: [digest('sha-256', Buffer.alloc(0))] }),
    ).toMatchObject({ error: null });
  });

  it('ends at the first byte too many, without passing it and without reading on', async () => {
    const { bytes, error, taken } = await pass([BYTES, Buffer.from('!'), BYTES, BYTES]);
    expect(error).toBeInstanceOf(TooLarge);
    expect(bytes).toEqual(BYTES);
    expect(taken).toBe(2);
  });

  it.each<[string, Buffer[]]>([
    ['the last byte', [BYTES.subarray(0, -1)]],
    ['everything', []],
  ])('fails at the end when bytes are missing: %s', async (_, pieces) => {
    expect((await pass(pieces)).error).toBeInstanceOf(InvalidRequest);
  });

  it.each<[string, Digest[]]>([
    ['the only one', [digest('sha-256', Buffer.from('others'))]],
    ['the second', [digest('sha-256'), digest('sha-512', Buffer.from('others'))]],
    ['one of another length', [{ algorithm: 'sha-256', value: Buffer.alloc(5) }]],
    ['one of no length', [{ algorithm: 'sha-256', value: Buffer.alloc(0) }]],
  ])('fails at the end when a digest is wrong: %s', async (_, digests) => {
    expect((await pass([BYTES], { digests })).error).toBeInstanceOf(DigestMismatch);
  });

  it('says of bytes that are missing that they are missing, not that their digest is wrong', async () => {
    const { error } = await pass([BYTES.subarray(1)], { digests: [digest('sha-256')] });
    expect(error).toBeInstanceOf(InvalidRequest);
  });

  it('ends with the reason of its signal', async () => {
    const reason = new Error('the lease is lost');
    const { bytes, error } = await pass([BYTES], { signal: AbortSignal.abort(reason) });
    expect(error).toBe(reason);
    expect(bytes).toHaveLength(0);
  });

  it('passes on the error of what it reads', async () => {
    const broken = new Error('the client went away');
    async function* source(): ByteSource {
      yield await Promise.resolve(BYTES.subarray(0, 3));
      throw broken;
    }
    const read = async () => {
      for await (const piece of checkedSource(source(), { length: 20, digests: [] }))
        expect(piece).toHaveLength(3);
    };
    await expect(read()).rejects.toBe(broken);
  });
});
