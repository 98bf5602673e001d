import request from 'supertest';
import { getDocument } from '../../src/schemas/documents';
import {
  call,
  documentPath,
  listOf,
  makeDocument,
  readDocument,
  type ShownDocument,
} from '../support/documents';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';

let ferry: Ferry;
let author: TestUser;
let reader: TestUser;

beforeAll(async () => {
  ferry = await startFerry();
  author = await makeUser(ferry);
  reader = await makeUser(ferry);
});

afterAll(() => ferry.stop());

const tagOf = async (document: ShownDocument) =>
  String((await call(ferry, author, 'get', documentPath(document)).expect(200)).headers['etag']);
const patch = (document: ShownDocument, body: object, headers: Record<string, string> = {}) =>
  call(ferry, author, 'patch', documentPath(document), body).set(headers);

describe('POST /documents', () => {
  it('makes a document with exactly the fields of the contract', async () => {
    const answer = await call(ferry, author, 'post', `${API}/documents`, {
      title: '渡口',
      body: '# Hello\n\n<script>alert(1)</script> **world** {{7*7}}',
      tags: ['river', ' 船 ', 'river'],
    }).expect(201);
    const document = answer.body as ShownDocument;
    expect(getDocument.responses[200]?.schema?.parse(document)).toEqual(document);
    expect(document).toMatchObject({
      title: '渡口',
      tags: ['river', '船'],
      author: { id: author.id, displayName: author.username, avatarUrl: null },
      attachments: [],
      visibility: 'private',
      version: 1,
      commentCount: 0,
    });
    expect(document.bodyHtml).toBe(
      '<h1>Hello</h1>\n<p>&lt;script&gt;alert(1)&lt;/script&gt; <strong>world</strong> {{7*7}}</p>\n',
    );
    expect(answer.headers['location']).toBe(documentPath(document));
    expect(await tagOf(document)).toBe(answer.headers['etag']);
    expect(await readDocument(ferry, author, document)).toEqual(document);
  });

  it('makes one document of a request that is repeated', async () => {
    const post = (title: string) =>
      call(ferry, author, 'post', `${API}/documents`, { title, body: 'b' }).set('Idempotency-Key', 'once');
    const first = await post('once').expect(201);
    const again = await post('once').expect(201);
    expect(again.body).toEqual(first.body);
    expect([again.headers['location'], again.headers['etag']]).toEqual([
      first.headers['location'],
      first.headers['etag'],
    ]);
    expect((await post('another').expect(422)).body).toMatchObject({ code: 'idempotency_mismatch' });
    const { items } = await listOf<ShownDocument>(ferry, author, 'documents?q=once');
    expect(items).toHaveLength(1);
  });

  it('goes on with a request that died after the document was written', async () => {
    const id = `resumed${Date.now()}`;
    const input = { title: 'resumed', body: 'b' };
    const first = await ferry.services.documents.create(author.id, input, id);
    const second = await ferry.services.documents.create(author.id, input, id);
    expect(second.document).toStrictEqual(first.document);
  });

  it.each<[string, unknown, number]>([
    ['no title', { body: 'b' }, 400],
    ['an empty title', { title: '', body: 'b' }, 400],
    ['a blank title', { title: ' \u3000', body: 'b' }, 400],
    ['a title of two lines', { title: 'a\nb', body: 'b' }, 400],
    ['a title of 201 characters', { title: 'x'.repeat(201), body: 'b' }, 400],
    ['an operator as the title', { title: { $ne: null }, body: 'b' }, 400],
    ['a body that is no text', { title: 't', body: ['b'] }, 400],
    ['NUL in the body', { title: 't', body: 'a\0b' }, 400],
    ['half a character', { title: 't', body: '\ud800' }, 400],
    ['21 tags', { title: 't', body: 'b', tags: Array.from({ length: 21 }, String) }, 400],
    ['10,000 tags', { title: 't', body: 'b', tags: Array.from({ length: 10_000 }, String) }, 400],
    ['a tag of 41 characters', { title: 't', body: 'b', tags: ['x'.repeat(41)] }, 400],
    ['a blank tag', { title: 't', body: 'b', tags: [' '] }, 400],
    ['51 attachments', { title: 't', body: 'b', attachments: Array.from({ length: 51 }, String) }, 400],
    ['an attachment that is not there', { title: 't', body: 'b', attachments: ['nothing'] }, 404],
    ['an unknown visibility', { title: 't', body: 'b', visibility: 'secret' }, 400],
    ['an id of its own choice', { title: 't', body: 'b', id: 'mine' }, 400],
    ['an author of its own choice', { title: 't', body: 'b', authorId: 'x' }, 400],
    ['a dotted key', { title: 't', body: 'b', 'author.id': 'x' }, 400],
    ['a list', [{ title: 't', body: 'b' }], 400],
    ['more than 256 KiB', { title: 't', body: 'é'.repeat(128 * 1024) + '!' }, 413],
    ['more than a JSON body may have', { title: 't', body: 'x'.repeat(1024 * 1024) }, 413],
  ])('refuses %s', async (_name, body, status) => {
    const answer = await call(ferry, author, 'post', `${API}/documents`, body as object).expect(status);
    expect(answer.body).toMatchObject({
      status,
      code: { 400: 'invalid_request', 404: 'not_found', 413: 'too_large' }[status],
    });
  });

  it('takes exactly 256 KiB, and all of it comes back', async () => {
    const body = '渡'.repeat(Math.floor((256 * 1024) / 3));
    const document = await makeDocument(ferry, author, { body });
    expect((await readDocument(ferry, author, document)).body).toBe(body);
  });

  it('needs a signed-in user', () =>
    request(ferry.url).post(`${API}/documents`).send({ title: 't', body: 'b' }).expect(401));
});

describe('reading', () => {
  it('is for everybody with a public document, for the author alone with a private one', async () => {
    const open = await makeDocument(ferry, author);
    const closed = await makeDocument(ferry, author, { visibility: 'private' });
    for (const user of [null, reader, author]) {
      expect(await readDocument(ferry, user, open)).toEqual(open);
      const answer = await call(ferry, user, 'get', documentPath(closed));
      expect(answer.status).toBe(user === author ? 200 : 404);
    }
  });

  it('gives 304 for what the client has, until it changes', async () => {
    const document = await makeDocument(ferry, author);
    const tag = await tagOf(document);
    const get = () => call(ferry, null, 'get', documentPath(document)).set('If-None-Match', tag);
    expect((await get().expect(304)).text).toBe('');
    await call(ferry, reader, 'post', `${documentPath(document)}/comments`, { body: 'c' }).expect(201);
    expect((await get().expect(200)).body).toMatchObject({ commentCount: 1, version: 1 });
  });

  it.each(['x'.repeat(65), '..%2f..', '%24ne', 'ABC', '0'])('of %j gives 404 or 400', async (id) => {
    expect([400, 404]).toContain((await call(ferry, null, 'get', `${API}/documents/${id}`)).status);
  });
});

describe('PATCH /documents/:id', () => {
  it('changes what it names and counts the version', async () => {
    const document = await makeDocument(ferry, author, { tags: ['a'] });
    const answer = await patch(document, { title: 'New', body: '*n*' }).expect(200);
    expect(answer.body).toMatchObject({
      id: document.id,
      title: 'New',
      bodyHtml: '<p><em>n</em></p>\n',
      tags: ['a'],
      version: 2,
      createdAt: document.createdAt,
    });
    expect(await readDocument(ferry, author, document)).toEqual(answer.body);
  });

  it('makes no version of nothing', async () => {
    const document = await makeDocument(ferry, author);
    expect((await patch(document, {}).expect(200)).body).toEqual(document);
    expect((await patch(document, { title: document.title }).expect(200)).body).toEqual(document);
  });

  it('refuses a stale If-Match and shows what there is', async () => {
    const document = await makeDocument(ferry, author);
    const stale = await tagOf(document);
    const first = await patch(document, { title: 'First' }, { 'If-Match': stale }).expect(200);
    const second = await patch(document, { title: 'Second' }, { 'If-Match': stale }).expect(412);
    expect(second.body).toMatchObject({ code: 'precondition_failed', current: first.body as object });
    expect(second.headers['etag']).toBe(first.headers['etag']);
    await patch(document, { title: 'Second' }, { 'If-Match': String(second.headers['etag']) }).expect(200);
    await call(ferry, author, 'delete', documentPath(document)).set('If-Match', stale).expect(412);
    expect((await readDocument(ferry, author, document)).title).toBe('Second');
  });

  it('is not kept from happening by a comment that came meanwhile', async () => {
    const document = await makeDocument(ferry, author);
    const tag = await tagOf(document);
    await call(ferry, reader, 'post', `${documentPath(document)}/comments`, { body: 'c' }).expect(201);
    await patch(document, { title: 'New' }, { 'If-Match': tag }).expect(200);
  });

  it.each([
    ['any', '*', 200],
    ['a list with the right one', '"0-x", TAG', 200],
    ['the weak one', 'W/TAG', 412],
    ['something malformed', 'TAG-', 412],
    ['nothing', ' ', 412],
    ['a bare number', '1', 412],
  ])('takes If-Match with %s as RFC 9110 says', async (_name, value, status) => {
    const document = await makeDocument(ferry, author);
    const ifMatch = value.replace('TAG', await tagOf(document));
    await patch(document, { title: 'New' }, { 'If-Match': ifMatch }).expect(status);
  });

  it('is for the author alone', async () => {
    const open = await makeDocument(ferry, author);
    const closed = await makeDocument(ferry, author, { visibility: 'private' });
    for (const document of [open, closed]) {
      await call(ferry, reader, 'patch', documentPath(document), { title: 'Mine' }).expect(404);
      await call(ferry, reader, 'delete', documentPath(document)).expect(404);
      await call(ferry, null, 'patch', documentPath(document), { title: 'Mine' }).expect(401);
      await call(ferry, null, 'delete', documentPath(document)).expect(401);
      expect(await readDocument(ferry, author, document)).toEqual(document);
    }
  });

  it.each([
    { title: { $set: 1 } },
    { version: 7 },
    { title: null },
    { 'body.x': 1 },
    { $set: { title: 'x' } },
  ])('refuses %j', async (body) => {
    await patch(await makeDocument(ferry, author), body).expect(400);
  });
});

describe('many writers at once', () => {
  const fifty = Array.from({ length: 50 }, (_, index) => index);

  it('with one If-Match: one wins, the others hear of it', async () => {
    const document = await makeDocument(ferry, author);
    const tag = await tagOf(document);
    const answers = await Promise.all(
      fifty.map((writer) => patch(document, { title: `Writer ${writer}` }, { 'If-Match': tag })),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(49);
    const now = await readDocument(ferry, author, document);
    expect(now).toEqual(won[0]?.body);
    expect(now.version).toBe(2);
  });

  it('that add to what they read, with If-Match: nothing is lost', async () => {
    const document = await makeDocument(ferry, author, { body: '' });
    const first = await tagOf(document);
    await Promise.all(
      fifty.map(async (writer) => {
        // What a client does that is refused: it goes on from what the answer shows.
        let tag = first;
        let read = document;
        for (;;) {
          const answer = await patch(document, { body: `${read.body}[${writer}]` }, { 'If-Match': tag });
          if (answer.status === 200) return;
          read = (answer.body as { current: ShownDocument }).current;
          tag = String(answer.headers['etag']);
        }
      }),
    );
    const { body, version } = await readDocument(ferry, author, document);
    expect(version).toBe(51);
    for (const writer of fifty) expect(body).toContain(`[${writer}]`);
  });

  it('without If-Match: each field has its last writer, and every version is kept', async () => {
    const document = await makeDocument(ferry, author);
    await Promise.all(
      fifty.map((writer) =>
        patch(document, writer % 2 === 0 ? { title: `Title ${writer}` } : { body: `Body ${writer}` }).expect(
          200,
        ),
      ),
    );
    const now = await readDocument(ferry, author, document);
    expect([now.version, now.title.slice(0, 5), now.body.slice(0, 4)]).toEqual([51, 'Title', 'Body']);
    const versions = await listOf<{ version: number }>(
      ferry,
      author,
      `documents/${document.id}/versions?limit=100`,
    );
    expect(versions.items.map(({ version }) => version)).toEqual(
      Array.from({ length: 51 }, (_, at) => 51 - at),
    );
  });
});
