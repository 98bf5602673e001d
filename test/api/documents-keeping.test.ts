import {
  call,
  documentPath,
  listOf,
  makeComment,
  makeDocument,
  readDocument,
  type ShownDocument,
} from '../support/documents';
import { API, makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';

const DAY_MS = 24 * 60 * 60 * 1000;

let ferry: Ferry;
let author: TestUser;
let reader: TestUser;
let later = 0;

beforeAll(async () => {
  ferry = await startFerry({
    settings: { ACCESS_TOKEN_SECONDS: '86400', MAX_VERSIONS: '3' },
    now: () => new Date(Date.now() + later),
  });
  author = await makeUser(ferry);
  reader = await makeUser(ferry);
});

afterAll(() => ferry.stop());

beforeEach(() => {
  later = 0;
});

const patch = async (document: ShownDocument, body: object) =>
  (await call(ferry, author, 'patch', documentPath(document), body).expect(200)).body as ShownDocument;
const trash = (document: ShownDocument) => call(ferry, author, 'delete', documentPath(document)).expect(204);
const trashPath = ({ id }: { id: string }) => `${API}/trash/documents/${id}`;
const deleteFile = (file: TestFile) => call(ferry, author, 'delete', `${API}/files/${file.id}`);

interface ShownVersion {
  version: number;
  title: string;
  changes: string[];
  editor: { id: string };
  body?: string;
}

describe('versions', () => {
  const versionsOf = (document: ShownDocument, query = '') =>
    listOf<ShownVersion>(ferry, author, `documents/${document.id}/versions${query}`);

  it('say who changed what, and can be read and restored', async () => {
    const document = await makeDocument(ferry, author, { title: 'One', body: 'first', tags: ['a'] });
    await patch(document, { title: 'Two' });
    await patch(document, { body: 'third', tags: [], visibility: 'private' });
    const { items } = await versionsOf(document);
    expect(items.map(({ version, title, changes, editor }) => [version, title, changes, editor.id])).toEqual([
      [3, 'Two', ['body', 'tags', 'visibility'], author.id],
      [2, 'Two', ['title'], author.id],
      [1, 'One', ['title', 'body', 'tags', 'attachments', 'visibility'], author.id],
    ]);
    const path = `${documentPath(document)}/versions`;
    const first = (await call(ferry, author, 'get', `${path}/1`).expect(200)).body as ShownVersion;
    expect(first).toMatchObject({ version: 1, title: 'One', body: 'first', tags: ['a'] });
    const third = (await call(ferry, author, 'get', `${path}/3`).expect(200)).body as ShownVersion;
    expect(third).toMatchObject({ version: 3, body: 'third' });
    const restored = (await call(ferry, author, 'post', `${path}/1/restore`).expect(200))
      .body as ShownDocument;
    // Who may read it is not a matter of the text.
    expect(restored).toMatchObject({
      version: 4,
      title: 'One',
      body: 'first',
      tags: ['a'],
      visibility: 'private',
    });
  });

  it('are kept as many as the setting says, and come in pages', async () => {
    const document = await makeDocument(ferry, author, { title: '1' });
    for (const title of ['2', '3', '4', '5', '6']) await patch(document, { title });
    const first = await versionsOf(document, '?limit=2');
    expect(first.items.map(({ version }) => version)).toEqual([6, 5]);
    const second = await versionsOf(document, `?limit=2&cursor=${first.nextCursor}`);
    expect([second.items.map(({ version }) => version), second.nextCursor]).toEqual([[4, 3], null]);
    await call(ferry, author, 'get', `${documentPath(document)}/versions/2`).expect(404);
  });

  it('are refused to others and honour If-Match', async () => {
    const document = await makeDocument(ferry, author);
    await patch(document, { title: 'New' });
    const path = `${documentPath(document)}/versions`;
    for (const version of ['', '/1', '/99'])
      await call(ferry, version === '/99' ? author : reader, 'get', `${path}${version}`).expect(404);
    await call(ferry, reader, 'post', `${path}/1/restore`).expect(404);
    await call(ferry, author, 'get', `${path}/1e3`).expect(400);
    const stale = await call(ferry, author, 'post', `${path}/1/restore`).set('If-Match', '"1-x"').expect(412);
    expect(stale.body).toMatchObject({ current: { title: 'New' } });
  });
});

describe('the trash', () => {
  it('hides a document until it is restored', async () => {
    const document = await makeDocument(ferry, author, { title: 'Trashed and restored' });
    await makeComment(ferry, reader, document);
    await trash(document);
    for (const user of [author, reader, null]) {
      await call(ferry, user, 'get', documentPath(document)).expect(404);
      expect((await listOf<ShownDocument>(ferry, user, 'documents?q=Trashed')).items).toEqual([]);
    }
    await call(ferry, author, 'patch', documentPath(document), { title: 'x' }).expect(404);
    await call(ferry, author, 'delete', documentPath(document)).expect(404);
    const { items } = await listOf<ShownDocument & { deletedAt: string }>(ferry, author, 'trash/documents');
    expect(items[0]).toMatchObject({ id: document.id, deletedAt: expect.any(String) as string });
    expect((await listOf<ShownDocument>(ferry, reader, 'trash/documents')).items).toEqual([]);
    await call(ferry, reader, 'post', `${trashPath(document)}/restore`).expect(404);
    await call(ferry, author, 'post', `${trashPath(document)}/restore`).expect(200);
    await call(ferry, author, 'post', `${trashPath(document)}/restore`).expect(404);
    expect(await readDocument(ferry, null, document)).toEqual({ ...document, commentCount: 1 });
  });

  it('is emptied at once by the author alone', async () => {
    const document = await makeDocument(ferry, author);
    await call(ferry, author, 'delete', trashPath(document)).expect(404);
    await trash(document);
    await call(ferry, reader, 'delete', trashPath(document)).expect(404);
    await call(ferry, author, 'delete', trashPath(document)).expect(204);
    await call(ferry, author, 'post', `${trashPath(document)}/restore`).expect(404);
  });

  it('is emptied after thirty days', async () => {
    const document = await makeDocument(ferry, author);
    await makeComment(ferry, reader, document);
    await trash(document);
    later = 29 * DAY_MS;
    await ferry.services.maintenance.run();
    expect(await ferry.stores.content.documents.find(document.id)).not.toBeNull();
    later = 31 * DAY_MS;
    expect(await ferry.services.maintenance.run()).toMatchObject({ purgedDocuments: 1 });
    expect(await ferry.stores.content.documents.find(document.id)).toBeNull();
  });
});

describe('attachments', () => {
  it('are read by whoever may read the document', async () => {
    const file = await makeFile(ferry, author);
    const content = `${API}/files/${file.id}/content`;
    await call(ferry, null, 'get', content).expect(404);
    const document = await makeDocument(ferry, author, {
      attachments: [file.id, file.id],
      visibility: 'private',
    });
    expect(document.attachments).toMatchObject([{ id: file.id, sha256: file.sha256, visibility: 'private' }]);
    await call(ferry, reader, 'get', content).expect(404);
    await patch(document, { visibility: 'public' });
    for (const user of [null, reader]) {
      await call(ferry, user, 'get', content).expect(200);
      await call(ferry, user, 'get', `${API}/files/${file.id}`).expect(200);
    }
    await call(ferry, reader, 'patch', `${API}/files/${file.id}`, { name: 'mine' }).expect(404);
    await call(ferry, reader, 'delete', `${API}/files/${file.id}`).expect(404);
    await patch(document, { attachments: [] });
    await call(ferry, reader, 'get', content).expect(404);
    await patch(document, { attachments: [file.id] });
    await call(ferry, reader, 'get', content).expect(200);
    await trash(document);
    await call(ferry, reader, 'get', content).expect(404);
  });

  it('are files of the author', async () => {
    const closed = await makeFile(ferry, reader);
    const open = await makeFile(ferry, reader, { visibility: 'public' });
    for (const { id } of [closed, open]) {
      const body = { title: 't', body: 'b', attachments: [id] };
      await call(ferry, author, 'post', `${API}/documents`, body).expect(404);
    }
  });

  it('are not deleted while a document uses them, also one in the trash', async () => {
    const file = await makeFile(ferry, author);
    const document = await makeDocument(ferry, author, { title: 'The user', attachments: [file.id] });
    const used = await deleteFile(file).expect(409);
    expect(used.body).toMatchObject({
      code: 'conflict',
      documents: [{ id: document.id, title: 'The user', trashed: false }],
    });
    await trash(document);
    expect((await deleteFile(file).expect(409)).body).toMatchObject({ documents: [{ trashed: true }] });
    await call(ferry, author, 'delete', trashPath(document)).expect(204);
    await deleteFile(file).expect(204);
  });

  it('are let go by the version that does without them, and old versions do without those that are gone', async () => {
    const [kept, gone] = [await makeFile(ferry, author), await makeFile(ferry, author)];
    const document = await makeDocument(ferry, author, { attachments: [gone.id, kept.id] });
    await patch(document, { attachments: [kept.id] });
    expect(await ferry.stores.sql.attachments.listOf(gone.id)).toEqual([]);
    await deleteFile(gone).expect(204);
    const path = `${documentPath(document)}/versions/1`;
    expect((await call(ferry, author, 'get', path).expect(200)).body).toMatchObject({
      attachments: [{ id: kept.id }],
    });
    await patch(document, { attachments: [] });
    const restored = (await call(ferry, author, 'post', `${path}/restore`).expect(200)).body as ShownDocument;
    expect(restored.attachments.map(({ id }) => id)).toEqual([kept.id]);
    await deleteFile(kept).expect(409);
  });

  it('of a version that never came hold the file for an hour', async () => {
    const file = await makeFile(ferry, author);
    const document = await makeDocument(ferry, author);
    // A crash after the note and before the version, of this document and of one that never came to be.
    await ferry.stores.sql.attachments.add(document.id, 2, [file.id], new Date());
    await ferry.stores.sql.attachments.add('neverwritten', 1, [file.id], new Date());
    await deleteFile(file).expect(409);
    later = 2 * 60 * 60 * 1000;
    await deleteFile(file).expect(204);
  });

  it('that were noted for a version that came without them do not hold the file', async () => {
    const file = await makeFile(ferry, author);
    const document = await makeDocument(ferry, author);
    await ferry.stores.sql.attachments.add(document.id, 2, [file.id], new Date());
    await patch(document, { title: 'Somebody else won version 2' });
    await deleteFile(file).expect(204);
  });

  it('and deletion of the file at once: one of them is refused, and nothing dangles', async () => {
    for (let round = 0; round < 10; round += 1) {
      const file = await makeFile(ferry, author);
      const document = await makeDocument(ferry, author);
      const [attached, deleted] = await Promise.all([
        call(ferry, author, 'patch', documentPath(document), { attachments: [file.id] }),
        deleteFile(file),
      ]);
      expect([
        [200, 409],
        [404, 204],
      ]).toContainEqual([attached.status, deleted.status]);
    }
  });
});
