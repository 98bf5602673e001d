import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import request from 'supertest';
import { API, makeFile, makeUser, sha256Of, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { blobPath } from '../support/uploads';

const PIECE = 4 * 1024 * 1024;

let ferry: Ferry;
let user: TestUser;
let other: TestUser;

beforeAll(async () => {
  ferry = await startFerry();
  user = await makeUser(ferry);
  other = await makeUser(ferry);
});

afterAll(() => ferry.stop());

interface Answer {
  body: { etag: string; pieces: string[] };
  headers: Record<string, string>;
}

const manifestOf = ({ id }: TestFile) => request(ferry.url).get(`${API}/files/${id}/manifest`);

async function answerFor(file: TestFile): Promise<Answer> {
  return manifestOf(file).set(user.auth).expect(200);
}

function piecesOf(bytes: Buffer): string[] {
  return Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, index) =>
    sha256Of(bytes.subarray(index * PIECE, (index + 1) * PIECE)),
  );
}

describe('the manifest of a file', () => {
  it.each([0, 1, PIECE, PIECE + 1, 2 * PIECE + 12_345])(
    'of %d bytes has the digests of its pieces',
    async (size) => {
      const bytes = randomBytes(size);
      const file = await makeFile(ferry, user, { bytes });
      const { body, headers } = await answerFor(file);
      expect(body).toEqual({ size, etag: `"${file.sha256}"`, pieceSize: PIECE, pieces: piecesOf(bytes) });
      expect(headers['cache-control']).toBe('private, no-cache');
      expect(headers['etag']).toMatch(/^"/);
      const { headers: content } = await request(ferry.url).head(file.contentUrl).set(user.auth).expect(200);
      expect(body.etag).toBe(content['etag']);
    },
  );

  it('lets a client fetch pieces and check them', async () => {
    const bytes = randomBytes(PIECE + 1000);
    const file = await makeFile(ferry, user, { bytes });
    const { body } = await answerFor(file);
    const { etag, pieces } = body;
    const got: Buffer[] = [];
    for (const [index, digest] of pieces.entries()) {
      const range = `bytes=${index * PIECE}-${(index + 1) * PIECE - 1}`;
      const headers = { ...user.auth, Range: range, 'If-Match': etag };
      const answer = await fetch(ferry.url + file.contentUrl, { headers });
      expect(answer.status).toBe(206);
      const piece = Buffer.from(await answer.arrayBuffer());
      expect(sha256Of(piece)).toBe(digest);
      got.push(piece);
    }
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
  });

  it('is 304 for who has it, also after another name, and for HEAD', async () => {
    const file = await makeFile(ferry, user);
    const { headers } = await manifestOf(file).set(user.auth).expect(200);
    const etag = headers['etag']!;
    await request(ferry.url).patch(`${API}/files/${file.id}`).set(user.auth).send({ name: 'b' }).expect(200);
    const answer = await manifestOf(file).set(user.auth).set('If-None-Match', etag).expect(304);
    expect(answer.text).toBe('');
    expect(answer.headers['etag']).toBe(etag);
    await manifestOf(file).set(user.auth).set('If-None-Match', '"another"').expect(200);
    await request(ferry.url).head(`${API}/files/${file.id}/manifest`).set(user.auth).expect(200);
  });

  it('is for those who may read the content', async () => {
    const hidden = await makeFile(ferry, user);
    await manifestOf(hidden).expect(404);
    await manifestOf(hidden).set(other.auth).expect(404);
    const shared = await makeFile(ferry, user, { visibility: 'public' });
    await manifestOf(shared).expect(200);
    await manifestOf(shared).set(other.auth).expect(200);
    await request(ferry.url).get(`${API}/files/nothing/manifest`).expect(404);
    await request(ferry.url).post(`${API}/files/${shared.id}/manifest`).expect(405);
  });

  it('is computed once, for all files of that content and all who ask at once', async () => {
    const hashBlob = jest.spyOn(ferry.stores.blobs, 'hashBlob');
    const bytes = randomBytes(5000);
    const [one, twin] = [await makeFile(ferry, user, { bytes }), await makeFile(ferry, other, { bytes })];
    await Promise.all(Array.from({ length: 6 }, () => manifestOf(one).set(user.auth).expect(200)));
    await manifestOf(twin).set(other.auth).expect(200);
    expect(hashBlob).toHaveBeenCalledTimes(1);
    hashBlob.mockRestore();
  });

  it('is a fault of ours when the bytes are lost, and there once they are back', async () => {
    const bytes = randomBytes(5000);
    const file = await makeFile(ferry, user, { bytes });
    await rm(blobPath(ferry, file.sha256));
    await manifestOf(file).set(user.auth).expect(500);
    await makeFile(ferry, user, { bytes });
    const { body } = await answerFor(file);
    expect(body.pieces).toEqual(piecesOf(bytes));
  });
});
