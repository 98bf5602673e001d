import { getComment } from '../../src/schemas/comments';
import {
  call,
  commentPath,
  documentPath,
  listOf,
  makeComment,
  makeDocument,
  readDocument,
  type ShownComment,
  type ShownDocument,
} from '../support/documents';
import { makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';

let ferry: Ferry;
let author: TestUser;
let reader: TestUser;
let admin: TestUser;
let document: ShownDocument;

beforeAll(async () => {
  ferry = await startFerry();
  author = await makeUser(ferry);
  reader = await makeUser(ferry);
  const { id, username, password } = await makeUser(ferry);
  await ferry.services.administration.change(null, id, { roles: ['user', 'admin'] });
  const answer = await call(ferry, null, 'post', '/api/v1/auth/login', { username, password }).expect(200);
  const { accessToken } = answer.body as { accessToken: string };
  admin = { ...reader, id, accessToken, auth: { Authorization: `Bearer ${accessToken}` } };
});

afterAll(() => ferry.stop());

beforeEach(async () => {
  document = await makeDocument(ferry, author);
});

const comments = async (query = '') =>
  (await listOf<ShownComment>(ferry, null, `documents/${document.id}/comments${query}`)).items;
const comment = (input: object = {}, user = reader) => makeComment(ferry, user, document, input);
const read = async (made: { id: string }) =>
  (await call(ferry, null, 'get', commentPath(made)).expect(200)).body as ShownComment;
const remove = (made: ShownComment, user = reader) => call(ferry, user, 'delete', commentPath(made));
const count = async () => (await readDocument(ferry, null, document)).commentCount;

describe('POST /documents/:id/comments', () => {
  it('makes a comment with exactly the fields of the contract', async () => {
    const answer = await call(ferry, reader, 'post', `${documentPath(document)}/comments`, {
      body: '你好 <b onclick=x>',
    }).expect(201);
    const made = answer.body as ShownComment;
    expect(getComment.responses[200]?.schema?.parse(made)).toEqual(made);
    expect(made).toMatchObject({
      documentId: document.id,
      parentId: null,
      author: { id: reader.id, displayName: reader.username, avatarUrl: null },
      bodyHtml: '<p>你好 &lt;b onclick=x&gt;</p>\n',
      deleted: false,
      replyCount: 0,
    });
    expect(answer.headers['location']).toBe(commentPath(made));
    expect(await read(made)).toEqual(made);
    expect(await comments()).toEqual([made]);
    expect(await count()).toBe(1);
  });

  it('makes threads, of which each level is listed by itself, oldest first', async () => {
    const [first, second] = [await comment(), await comment()];
    const replies = [await comment({ parentId: first.id }, author), await comment({ parentId: first.id })];
    const nested = await comment({ parentId: replies[0]?.id });
    expect((await comments()).map(({ id, replyCount }) => [id, replyCount])).toEqual([
      [first.id, 2],
      [second.id, 0],
    ]);
    expect((await comments(`?parent=${first.id}`)).map(({ id, replyCount }) => [id, replyCount])).toEqual([
      [replies[0]?.id, 1],
      [replies[1]?.id, 0],
    ]);
    expect(await comments(`?parent=${replies[0]?.id}`)).toEqual([nested]);
    expect(await count()).toBe(5);
  });

  it('makes one comment of a request that is repeated', async () => {
    const post = () =>
      call(ferry, reader, 'post', `${documentPath(document)}/comments`, { body: 'once' }).set(
        'Idempotency-Key',
        document.id,
      );
    const [first, again] = [await post().expect(201), await post().expect(201)];
    expect(again.body).toEqual(first.body);
    expect(await count()).toBe(1);
  });

  it.each([
    ['no body', {}, 400],
    ['an empty body', { body: '' }, 400],
    ['a blank body', { body: ' \n' }, 400],
    ['an operator', { body: { $gt: '' } }, 400],
    ['an operator as the parent', { body: 'b', parentId: { $ne: null } }, 400],
    ['a parent that is not there', { body: 'b', parentId: 'nobody' }, 404],
    ['a field of its own', { body: 'b', authorId: 'x' }, 400],
    ['more than 16 KiB', { body: 'x'.repeat(16 * 1024 + 1) }, 413],
  ])('refuses %s', async (_name, body, status) => {
    await call(ferry, reader, 'post', `${documentPath(document)}/comments`, body).expect(status);
    expect(await count()).toBe(0);
  });

  it('knows no parent from another document', async () => {
    const other = await makeDocument(ferry, author);
    const elsewhere = await makeComment(ferry, reader, other);
    const body = { body: 'b', parentId: elsewhere.id };
    await call(ferry, reader, 'post', `${documentPath(document)}/comments`, body).expect(404);
    await call(ferry, reader, 'get', `${documentPath(document)}/comments?parent=${elsewhere.id}`).expect(404);
    expect([await count(), (await read(elsewhere)).replyCount]).toEqual([0, 0]);
  });

  it('is for those who may read the document and are signed in', async () => {
    const closed = await makeDocument(ferry, author, { visibility: 'private' });
    const path = `${documentPath(closed)}/comments`;
    await makeComment(ferry, author, closed);
    await call(ferry, reader, 'post', path, { body: 'b' }).expect(404);
    await call(ferry, reader, 'get', path).expect(404);
    await call(ferry, null, 'get', path).expect(404);
    await call(ferry, null, 'post', `${documentPath(document)}/comments`, { body: 'b' }).expect(401);
  });
});

describe('PATCH /comments/:id', () => {
  it('changes the body, for the author alone', async () => {
    const made = await comment();
    const answer = await call(ferry, reader, 'patch', commentPath(made), { body: '*new*' }).expect(200);
    expect(answer.body).toMatchObject({ id: made.id, body: '*new*', bodyHtml: '<p><em>new</em></p>\n' });
    for (const user of [author, admin])
      await call(ferry, user, 'patch', commentPath(made), { body: 'not mine' }).expect(404);
    await call(ferry, null, 'patch', commentPath(made), { body: 'not mine' }).expect(401);
    expect(await read(made)).toEqual(answer.body);
  });

  it('refuses a stale If-Match and shows what there is, whatever the replies', async () => {
    const made = await comment();
    const { headers } = await call(ferry, reader, 'get', commentPath(made)).expect(200);
    await comment({ parentId: made.id });
    const patch = (body: string) =>
      call(ferry, reader, 'patch', commentPath(made), { body }).set('If-Match', String(headers['etag']));
    const first = await patch('first').expect(200);
    const second = await patch('second').expect(412);
    expect(second.body).toMatchObject({ current: first.body as object });
    expect(second.headers['etag']).toBe(first.headers['etag']);
    await remove(made).set('If-Match', String(headers['etag'])).expect(412);
    await remove(made).set('If-Match', String(first.headers['etag'])).expect(204);
  });
});

describe('DELETE /comments/:id', () => {
  it('removes a comment without replies', async () => {
    const made = await comment();
    await remove(made).expect(204);
    expect([await comments(), await count()]).toEqual([[], 0]);
    await call(ferry, null, 'get', commentPath(made)).expect(404);
    await remove(made).expect(404);
  });

  it('keeps one with replies without its body, until the last of them goes', async () => {
    const made = await comment();
    const reply = await comment({ parentId: made.id });
    const nested = await comment({ parentId: reply.id });
    await remove(made).expect(204);
    await remove(reply).expect(204);
    const [shown, ...others] = await comments();
    expect(others).toEqual([]);
    expect(shown).toMatchObject({ id: made.id, deleted: true, replyCount: 1, author: { id: reader.id } });
    expect(shown).not.toHaveProperty('body');
    expect(shown).not.toHaveProperty('bodyHtml');
    expect(await count()).toBe(1);
    for (const call_ of [
      call(ferry, reader, 'patch', commentPath(made), { body: 'b' }),
      remove(made),
      call(ferry, reader, 'post', `${documentPath(document)}/comments`, { body: 'b', parentId: made.id }),
    ])
      await call_.expect(404);
    await remove(nested).expect(204);
    expect([await comments(), await count()]).toEqual([[], 0]);
  });

  it('is for the author and for admins', async () => {
    const made = await comment();
    await remove(made, author).expect(404);
    await call(ferry, null, 'delete', commentPath(made)).expect(401);
    await remove(made, admin).expect(204);
    expect(await count()).toBe(0);
  });
});

describe('together', () => {
  it('fifty comments, replies and deletions at once are counted exactly', async () => {
    const root = await comment();
    const doomed = await Promise.all(Array.from({ length: 25 }, () => comment({ parentId: root.id })));
    await Promise.all([
      ...Array.from({ length: 25 }, () => comment({ parentId: root.id }, author)),
      ...Array.from({ length: 25 }, () => comment()),
      // Each of them twice at once: it is deleted and counted once.
      ...doomed.flatMap((one) => [remove(one), remove(one)]).map(async (answer) => answer),
    ]);
    expect(await count()).toBe(1 + 25 + 25);
    expect((await read(root)).replyCount).toBe(25);
    expect(await comments(`?limit=100&parent=${root.id}`)).toHaveLength(25);
    expect(await comments('?limit=100')).toHaveLength(26);
  });

  it('pages stay right while others write', async () => {
    const made: string[] = [];
    for (let index = 0; index < 10; index += 1) made.push((await comment()).id);
    const seen: string[] = [];
    let cursor = '';
    for (;;) {
      const page = await listOf<ShownComment>(
        ferry,
        null,
        `documents/${document.id}/comments?limit=3${cursor}`,
      );
      seen.push(...page.items.map(({ id }) => id));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
      if (seen.length === 3) {
        // One that was seen goes, the one that the cursor names, too, and one comes at the end.
        for (const id of [made[0], made[2]]) await remove({ id } as ShownComment).expect(204);
        made.push((await comment()).id);
      }
    }
    expect(seen).toEqual(made);
  });

  it('a document that goes to the trash takes its comments out of sight, and brings them back', async () => {
    const made = await comment();
    await call(ferry, author, 'delete', documentPath(document)).expect(204);
    for (const answer of [
      call(ferry, reader, 'get', commentPath(made)),
      call(ferry, reader, 'get', `${documentPath(document)}/comments`),
      call(ferry, reader, 'post', `${documentPath(document)}/comments`, { body: 'b' }),
      call(ferry, reader, 'patch', commentPath(made), { body: 'b' }),
      remove(made),
    ])
      await answer.expect(404);
    await call(ferry, author, 'post', `/api/v1/trash/documents/${document.id}/restore`).expect(200);
    expect(await comments()).toEqual([made]);
  });
});
