import { Conflict, NotFound } from '../../../src/errors';
import type { CommentRecord, ContentStore, DocumentRecord } from '../../../src/models/content';
import { aComment, aDocument, at, newId } from './records';

export function commentsContract(store: () => ContentStore): void {
  const comments = () => store().comments;
  let document: DocumentRecord;

  beforeEach(async () => {
    document = aDocument();
    await store().documents.insert(document);
  });

  async function comment(values: Partial<CommentRecord> = {}): Promise<CommentRecord> {
    const record = aComment(document, values);
    await comments().insert(record);
    return record;
  }

  const count = async () => (await store().documents.find(document.id))?.commentCount;
  const replies = async ({ id }: CommentRecord) => (await comments().find(id))?.replyCount;
  const ids = async (parentId: string | null = null, after: string | null = null, limit = 100) =>
    (await comments().list(document.id, parentId, { limit, after, bytes: 1e9 })).items.map(({ id }) => id);
  const remove = ({ id, version }: CommentRecord) => comments().delete(id, version, at(9));

  describe('comments', () => {
    it('come back as they were, are counted, and their ids are taken once', async () => {
      const record = await comment({ body: '\u{1f6f6}'.repeat(4000) });
      expect(await comments().find(record.id)).toStrictEqual(record);
      expect(await comments().find(newId())).toBeNull();
      await expect(comments().insert({ ...record, body: 'other' })).rejects.toThrow(Conflict);
      expect([await comments().find(record.id), await count()]).toStrictEqual([record, 1]);
    });

    it('are listed by thread, oldest first, page by page', async () => {
      const made: CommentRecord[] = [];
      for (let index = 0; index < 5; index += 1) made.push(await comment());
      const parentId = made[1]?.id ?? '';
      const reply = await comment({ parentId });
      const all = made.map(({ id }) => id);
      expect(await ids()).toEqual(all);
      expect([await ids(null, null, 2), await ids(null, all[1], 2)]).toEqual([
        all.slice(0, 2),
        all.slice(2, 4),
      ]);
      const page = async (limit: number, bytes: number, after: string | null = null) => {
        const { items, next } = await comments().list(document.id, null, { limit, after, bytes });
        return [items.map(({ id }) => id), next];
      };
      const each = Buffer.byteLength((made[0]?.body ?? '') + (made[0]?.html ?? ''));
      expect(await page(2, 1e9)).toEqual([all.slice(0, 2), all[1]]);
      expect(await page(100, each + 1)).toEqual([all.slice(0, 2), all[1]]);
      expect(await page(100, 1, all.at(-2))).toEqual([all.slice(-1), null]);
      expect(await page(all.length, 1e9)).toEqual([all, null]);
      expect(await ids(parentId)).toEqual([reply.id]);
      expect(
        (await comments().list(document.id, parentId, { limit: 9, after: null, bytes: 1e9 })).items,
      ).toStrictEqual([reply]);
      expect([await count(), await replies(made[1] as CommentRecord)]).toEqual([6, 1]);
    });

    it('need a document that is there, and a parent in it that is not deleted', async () => {
      const root = await comment();
      await comment({ parentId: root.id });
      const other = aDocument();
      await store().documents.insert(other);
      await expect(comments().insert(aComment({ id: newId() }))).rejects.toThrow(NotFound);
      await expect(comments().insert(aComment(other, { parentId: root.id }))).rejects.toThrow(NotFound);
      await expect(comment({ parentId: newId() })).rejects.toThrow(NotFound);
      await remove(root);
      await expect(comment({ parentId: root.id })).rejects.toThrow(NotFound);
      expect([await count(), await replies(root)]).toEqual([1, 1]);
      expect((await store().documents.find(other.id))?.commentCount).toBe(0);
      await store().documents.trash(document.id, 1, at(1));
      await expect(comment()).rejects.toThrow(NotFound);
    });

    it('are changed by compare-and-set', async () => {
      const record = await comment();
      const change = { body: 'New', html: '<p>New</p>', renderer: 2, updatedAt: at(3) };
      const changed = await comments().update(record.id, 1, change);
      expect(changed).toStrictEqual({ ...record, ...change, version: 2 });
      expect(await comments().find(record.id)).toStrictEqual(changed);
      expect(await comments().update(record.id, 1, change)).toBeNull();
      expect(await comments().update(newId(), 1, change)).toBeNull();
      await comments().keepRendering(record.id, 1, { html: 'old', renderer: 9 });
      expect((await comments().find(record.id))?.html).toBe('<p>New</p>');
      await comments().keepRendering(record.id, 2, { html: 'again', renderer: 9 });
      expect((await comments().find(record.id))?.html).toBe('again');
      expect(await remove(record)).toBe(false);
    });

    it('without replies go at once', async () => {
      const record = await comment();
      expect([await remove(record), await remove(record)]).toEqual([true, false]);
      expect([await comments().find(record.id), await ids(), await count()]).toEqual([null, [], 0]);
    });

    it('with replies stay without their body, and go with the last of them, however deep', async () => {
      const root = await comment();
      const reply = await comment({ parentId: root.id });
      const leaf = await comment({ parentId: reply.id });
      await remove(root);
      await remove(reply);
      expect(await comments().find(root.id)).toStrictEqual({
        ...{ ...root, body: '', html: '', version: 2 },
        ...{ replyCount: 1, deletedAt: at(9) },
      });
      expect([await ids(), await ids(root.id), await count()]).toEqual([[root.id], [reply.id], 1]);
      expect(
        await comments().update(root.id, 2, { body: 'b', html: '', renderer: 1, updatedAt: at(1) }),
      ).toBeNull();
      expect(await comments().delete(root.id, 2, at(10))).toBe(false);
      await remove(leaf);
      expect([await ids(), await ids(root.id), await ids(reply.id), await count()]).toEqual([[], [], [], 0]);
    });

    it('at once by fifty, and deleted at once, are counted exactly', async () => {
      const root = await comment();
      const made = await Promise.all(Array.from({ length: 50 }, () => comment({ parentId: root.id })));
      expect([await count(), await replies(root)]).toEqual([51, 50]);
      const [doomed, kept] = [made.slice(0, 25), made.slice(25)];
      const [deleted] = await Promise.all([
        Promise.all([...doomed, ...doomed].map(remove)),
        Promise.all(Array.from({ length: 10 }, () => comment({ parentId: kept[0]?.id ?? null }))),
      ]);
      expect(deleted.filter(Boolean)).toHaveLength(25);
      expect([await count(), await replies(root), await replies(kept[0] as CommentRecord)]).toEqual([
        36, 25, 10,
      ]);
      expect(await ids(root.id)).toHaveLength(25);
    });

    it('and the deletion of what they reply to at once: nothing is lost, nothing is left over', async () => {
      for (let round = 0; round < 10; round += 1) {
        const root = await comment();
        const reply = aComment(document, { parentId: root.id });
        const [inserted] = await Promise.all([
          comments()
            .insert(reply)
            .then(
              () => true,
              (error: unknown) => {
                expect(error).toBeInstanceOf(NotFound);
                return false;
              },
            ),
          remove(root),
        ]);
        expect([await ids(), await count()]).toEqual(inserted ? [[root.id], 1] : [[], 0]);
        if (inserted) await remove(reply);
        expect([await ids(), await count()]).toEqual([[], 0]);
      }
    });

    it('need no repair after what was not cut off', async () => {
      await remove(await comment());
      expect(await store().repair(new Date(Date.now() + 60_000))).toBe(0);
    });
  });
}
