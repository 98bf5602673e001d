import type { LoggedEvent, Position } from '../../src/models/eventlog';
import { call, commentPath, documentPath, makeComment, makeDocument } from '../support/documents';
import { API, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';

let ferry: Ferry;
let author: TestUser;
let reader: TestUser;

beforeAll(async () => {
  ferry = await startFerry();
  author = await makeUser(ferry);
  reader = await makeUser(ferry, { username: 'Reader-One' });
});

afterAll(() => ferry.stop());

/** What a topic tells from now on. */
async function listen(topic: string) {
  const { eventlog } = ferry.stores;
  const from: Position = await eventlog.top(topic);
  return async (): Promise<[string, unknown][]> => {
    const history = await eventlog.readAfter(topic, from, 100);
    return (history.recovered ? history.events : []).map(({ type, data }: LoggedEvent) => [type, data]);
  };
}

describe('events', () => {
  it('of a public document come on its own topic and among all documents', async () => {
    const all = await listen('documents');
    const document = await makeDocument(ferry, author);
    const own = await listen(`document:${document.id}`);
    await call(ferry, author, 'patch', documentPath(document), { title: 'New' }).expect(200);
    await call(ferry, author, 'patch', documentPath(document), { title: 'New' }).expect(200);
    await call(ferry, author, 'delete', documentPath(document)).expect(204);
    await call(ferry, author, 'post', `${API}/trash/documents/${document.id}/restore`).expect(200);
    const id = { documentId: document.id };
    const later = [
      ['document.updated', { ...id, version: 2 }],
      ['document.deleted', { ...id, version: 2 }],
      ['document.created', { ...id, version: 2 }],
    ];
    expect(await own()).toEqual(later);
    expect(await all()).toEqual([['document.created', { ...id, version: 1 }], ...later]);
  });

  it('of a private document are not among all documents, where it comes and goes by being shown and hidden', async () => {
    const all = await listen('documents');
    const document = await makeDocument(ferry, author, { visibility: 'private' });
    await call(ferry, author, 'patch', documentPath(document), { title: 'Secret' }).expect(200);
    expect(await all()).toEqual([]);
    await call(ferry, author, 'patch', documentPath(document), { visibility: 'public' }).expect(200);
    await call(ferry, author, 'patch', documentPath(document), { visibility: 'private' }).expect(200);
    expect((await all()).map(([type]) => type)).toEqual(['document.created', 'document.deleted']);
  });

  it('of comments come on the topic of the document', async () => {
    const document = await makeDocument(ferry, author);
    const own = await listen(`document:${document.id}`);
    const comment = await makeComment(ferry, reader, document);
    await call(ferry, reader, 'patch', commentPath(comment), { body: 'Other' }).expect(200);
    await call(ferry, reader, 'delete', commentPath(comment)).expect(204);
    const data = { documentId: document.id, commentId: comment.id, parentId: null };
    expect(await own()).toEqual([
      ['comment.created', data],
      ['comment.updated', data],
      ['comment.deleted', data],
    ]);
  });

  it('tell users who are mentioned, once, and only those who may read the document', async () => {
    const told = await listen(`user:${reader.id}`);
    const self = await listen(`user:${author.id}`);
    const open = await makeDocument(ferry, author);
    const closed = await makeDocument(ferry, author, { visibility: 'private' });
    await makeComment(ferry, author, closed, { body: '@reader-one' });
    expect(await told()).toEqual([]);
    const body = `Ask @READER-one, @reader-one. or me@reader-one, @nobody or @${author.username}`;
    const comment = await makeComment(ferry, author, open, { body });
    await call(ferry, author, 'patch', commentPath(comment), { body: `${body} again` }).expect(200);
    const data = {
      documentId: open.id,
      commentId: comment.id,
      parentId: null,
      authorId: author.id,
      mention: true,
    };
    expect(await told()).toEqual([['comment.created', data]]);
    const late = await makeComment(ferry, author, open, { body: 'hello' });
    await call(ferry, author, 'patch', commentPath(late), { body: 'hello @reader-one' }).expect(200);
    expect((await told())[1]).toEqual(['comment.updated', { ...data, commentId: late.id }]);
    expect(await self()).toEqual([]);
  });
});
