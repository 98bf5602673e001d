import { randomBytes } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';
import { Unavailable } from '../../src/errors';
import type { ContentStore } from '../../src/models/content';
import { openMongoContent } from '../../src/models/content/mongo';
import { defineCollections, type Collections } from '../../src/models/content/mongo/schemas';
import { aComment, aDocument, at, newId } from '../contract/content/records';
import { mongoServerUrl } from '../support/mongo';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

const later = () => new Date(Date.now() + 60_000);

describe('documents in MongoDB', () => {
  let url: URL;
  let proxy: TcpProxy;
  let store: ContentStore;
  let connection: Connection;
  let collections: Collections;

  beforeAll(async () => {
    url = mongoServerUrl(`ferry_test_${randomBytes(6).toString('hex')}`);
    connection = await mongoose.createConnection(url.href).asPromise();
    collections = defineCollections(mongoose, connection);
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    const through = new URL(url);
    through.port = String(proxy.port);
    store = await openMongoContent(through.href, 4000);
  });

  afterAll(async () => {
    await store.close();
    await proxy.close();
    await connection.dropDatabase();
    await connection.close();
  });

  it('say Unavailable while the server is away, from the first call on, and come back by themselves', async () => {
    const document = aDocument();
    for (let round = 0; round < 2; round += 1) {
      proxy.cut();
      await expect(store.documents.find(document.id)).rejects.toThrow(Unavailable);
      await expect(store.documents.insert(aDocument())).rejects.toThrow(Unavailable);
      await expect(store.ping()).rejects.toThrow(Unavailable);
      proxy.mend();
      await store.ping();
      if (round === 0) await store.documents.insert(document);
      expect(await store.documents.find(document.id)).toStrictEqual(document);
    }
  });

  it('say Unavailable in time when the server takes what it gets and does not answer, and go on after that', async () => {
    const document = aDocument();
    await store.documents.insert(document);
    proxy.hold();
    await expect(store.documents.find(document.id)).rejects.toThrow(Unavailable);
    await expect(store.ping()).rejects.toThrow(Unavailable);
    proxy.mend();
    expect(await store.documents.find(document.id)).toStrictEqual(document);
  });

  it('have the indexes by which they are listed and searched, from the first call on', async () => {
    await store.ping();
    const keys = async (model: { listIndexes(): Promise<{ key: object }[]> }) =>
      (await model.listIndexes()).map(({ key }) => JSON.stringify(key));
    expect(await keys(collections.documents)).toEqual(
      expect.arrayContaining([
        '{"visibility":1,"deletedAt":1,"_id":-1}',
        '{"authorId":1,"visibility":1,"deletedAt":1,"_id":-1}',
        '{"terms":1,"_id":-1}',
        '{"deletedAt":1}',
        '{"pending":1}',
      ]),
    );
    expect(await keys(collections.versions)).toContain('{"documentId":1,"version":-1}');
    expect(await keys(collections.comments)).toContain('{"documentId":1,"parentId":1,"_id":1}');
  });

  /** A document and a comment on it, with a reply. */
  async function thread() {
    const document = aDocument();
    await store.documents.insert(document);
    const root = aComment(document);
    const reply = aComment(document, { parentId: root.id });
    await store.comments.insert(root);
    await store.comments.insert(reply);
    const counts = async () => [
      (await store.documents.find(document.id))?.commentCount,
      (await store.comments.find(root.id))?.replyCount,
    ];
    return { document, root, reply, counts };
  }

  it('count a comment whose process died before it was counted, once', async () => {
    const { document, root, counts } = await thread();
    const id = newId();
    const entry = `+${id}~attempt`;
    for (const [model, target] of [
      [collections.documents, document.id],
      [collections.comments, root.id],
    ] as const)
      await (model as Collections['documents']).updateOne(
        { _id: target },
        { $push: { pending: entry }, $set: { pendingAt: new Date() } },
      );
    const { documentId, parentId, authorId, body, html, ...rest } = aComment(document, { parentId: root.id });
    const values = { documentId, parentId, authorId, body, html, renderer: 1, version: 1, replyCount: 0 };
    const times = { createdAt: rest.createdAt, updatedAt: rest.updatedAt, deletedAt: null };
    const own = { creation: 'attempt', deletion: null, gone: null, pending: [], pendingAt: null };
    await collections.comments.create([{ _id: id, ...values, ...times, ...own }]);
    expect(await counts()).toEqual([2, 1]);
    // What has happened is counted at once.
    expect(await store.repair(at(0))).toBe(2);
    expect(await counts()).toEqual([3, 2]);
    expect(await store.repair(later())).toBe(0);
    expect(await counts()).toEqual([3, 2]);
  });

  it('do not count a comment whose process died before it was there, when enough time has passed', async () => {
    const { document, counts } = await thread();
    await collections.documents.updateOne(
      { _id: document.id },
      { $push: { pending: `+${newId()}~attempt` }, $set: { pendingAt: new Date() } },
    );
    expect(await store.repair(at(0))).toBe(0);
    expect(await store.repair(later())).toBe(1);
    expect(await counts()).toEqual([2, 1]);
  });

  it('finish a deletion that was cut off, up through the thread', async () => {
    const { document, root, reply, counts } = await thread();
    await store.comments.delete(root.id, 1, at(1));
    await collections.documents.updateOne(
      { _id: document.id },
      { $push: { pending: `-${reply.id}~attempt` }, $set: { pendingAt: new Date() } },
    );
    await collections.comments.updateOne(
      { _id: reply.id },
      { $set: { deletedAt: at(2), deletion: 'attempt', body: '' } },
    );
    expect(await counts()).toEqual([1, 1]);
    expect(await store.repair(later())).toBeGreaterThan(0);
    expect(await store.repair(later())).toBe(0);
    expect((await store.documents.find(document.id))?.commentCount).toBe(0);
    expect(await store.comments.find(root.id)).toBeNull();
    expect(await store.comments.find(reply.id)).toBeNull();
  });

  it('finish a purge that was cut off', async () => {
    const { document, root } = await thread();
    await store.documents.trash(document.id, 1, at(1));
    await collections.documents.updateOne({ _id: document.id }, { $set: { purging: true } });
    expect(await store.documents.find(document.id)).toBeNull();
    expect(await store.documents.untrash(document.id)).toBe(false);
    expect(await store.documents.listTrashedBefore(at(2), 1000)).toContain(document.id);
    expect(await store.documents.purge(document.id, at(2))).toBe(true);
    expect(await store.comments.find(root.id)).toBeNull();
    expect(await collections.documents.findById(document.id)).toBeNull();
  });

  it('keep a version once, also when it was kept before and the next one never came', async () => {
    const { document } = await thread();
    const { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt } = document;
    const kept = { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt };
    await collections.versions.create([{ _id: `${document.id}:1`, documentId: document.id, ...kept }]);
    const change = { ...kept, title: 'New', html: '', renderer: 1 };
    expect((await store.documents.update(document.id, 1, change, 10))?.version).toBe(2);
    expect(await store.documents.findVersion(document.id, 1)).toStrictEqual(kept);
  });
});
