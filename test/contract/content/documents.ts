import { Conflict } from '../../../src/errors';
import type { ContentStore, DocumentQuery, DocumentRecord } from '../../../src/models/content';
import { aChange, aComment, aDocument, at, newId } from './records';

export function documentsContract(store: () => ContentStore): void {
  const documents = () => store().documents;

  async function document(values: Partial<DocumentRecord> = {}): Promise<DocumentRecord> {
    const record = aDocument(values);
    await documents().insert(record);
    return record;
  }

  async function change(record: DocumentRecord, values: Parameters<typeof aChange>[1], keep = 10) {
    const changed = await documents().update(record.id, record.version, aChange(record, values), keep);
    if (!changed) throw new Error('it was changed meanwhile');
    return changed;
  }

  describe('documents', () => {
    it('come back as they were, and their ids are taken once', async () => {
      const body = '渡口 \u{1f6f6}\n'.repeat(20_000);
      const record = await document({
        body,
        html: `<p>${body}</p>`,
        title: '𝔘nicode',
        tags: [],
        attachments: [],
      });
      expect(await documents().find(record.id)).toStrictEqual(record);
      expect(await documents().find(newId())).toBeNull();
      await expect(documents().insert(aDocument({ id: record.id }))).rejects.toThrow(Conflict);
      expect(await documents().find(record.id)).toStrictEqual(record);
    });

    it('are summed up many at a time, also those in the trash', async () => {
      const [one, other] = [await document(), await document({ visibility: 'private' })];
      await documents().trash(other.id, 1, at(5));
      const found = await documents().summaries([one.id, newId(), other.id]);
      const { authorId, title, visibility, attachments, version } = one;
      expect(found.find(({ id }) => id === one.id)).toStrictEqual({
        ...{ id: one.id, authorId, title, visibility, attachments, version },
        deletedAt: null,
      });
      expect(found.find(({ id }) => id === other.id)?.deletedAt).toEqual(at(5));
      expect(found).toHaveLength(2);
      expect(await documents().summaries([])).toEqual([]);
    });

    it('keep a new rendering only for the version that it is of', async () => {
      const record = await document();
      await documents().keepRendering(record.id, 1, { html: 'new', renderer: 2 });
      expect(await documents().find(record.id)).toStrictEqual({ ...record, html: 'new', renderer: 2 });
      await documents().keepRendering(record.id, 2, { html: 'other', renderer: 3 });
      expect((await documents().find(record.id))?.html).toBe('new');
    });
  });

  describe('versions', () => {
    it('are made by compare-and-set, and what was before is kept', async () => {
      const first = await document();
      const second = await change(first, { title: 'New', editorId: 'e', tags: ['x'] });
      expect(second).toStrictEqual({
        ...first,
        ...aChange(first, { title: 'New', editorId: 'e', tags: ['x'] }),
        version: 2,
      });
      expect(await documents().find(first.id)).toStrictEqual(second);
      expect(await documents().update(first.id, 1, aChange(first, { title: 'Late' }), 10)).toBeNull();
      const { version, title, body, tags, attachments, visibility, editorId, changes, updatedAt } = first;
      expect(await documents().findVersion(first.id, 1)).toStrictEqual({
        ...{ version, title, body, tags, attachments, visibility, editorId, changes, updatedAt },
      });
      expect(await documents().listVersions(first.id, { limit: 10, before: 2 })).toStrictEqual([
        { version, title, visibility, editorId, changes, updatedAt },
      ]);
      expect(await documents().findVersion(first.id, 7)).toBeNull();
      expect(await documents().findVersion(newId(), 1)).toBeNull();
    });

    it('keep what is empty as it is', async () => {
      const first = await document({ body: '', html: '', tags: [], attachments: [] });
      const second = await change(first, { title: 'New' });
      expect(await documents().find(first.id)).toStrictEqual(second);
      expect(await documents().findVersion(first.id, 1)).toMatchObject({
        body: '',
        tags: [],
        attachments: [],
      });
    });

    it('are kept as many as are asked for, and listed in pages, newest first', async () => {
      let record = await document();
      for (let version = 2; version <= 7; version += 1)
        record = await change(record, { title: `${version}` }, 3);
      const list = async (limit: number, before: number) =>
        (await documents().listVersions(record.id, { limit, before })).map(({ version }) => version);
      expect([await list(2, 7), await list(2, 5), await list(2, 4)]).toEqual([[6, 5], [4], []]);
    });

    it('of fifty writers at once have one winner', async () => {
      const record = await document();
      const other = documents();
      const written = await Promise.all(
        Array.from({ length: 50 }, (_, writer) =>
          other.update(record.id, 1, aChange(record, { title: `Writer ${writer}` }), 10),
        ),
      );
      const won = written.filter((one) => one !== null);
      expect(won).toHaveLength(1);
      expect(await documents().find(record.id)).toStrictEqual(won[0]);
      expect((await documents().findVersion(record.id, 1))?.title).toBe(record.title);
    });

    it('are not made of what is in the trash or missing', async () => {
      const record = await document();
      await documents().trash(record.id, 1, at(1));
      expect(await documents().update(record.id, 1, aChange(record), 10)).toBeNull();
      expect(await documents().update(newId(), 1, aChange(record), 10)).toBeNull();
    });
  });

  describe('lists', () => {
    const ids = async (query: Partial<DocumentQuery>) =>
      (await documents().list({ viewerId: null, limit: 100, bytes: 1e9, before: null, ...query })).items.map(
        ({ id }) => id,
      );

    it('show what is public and what is the own, newest first, page by page', async () => {
      const authorId = newId();
      const tag = newId();
      const made: string[] = [];
      for (const visibility of ['public', 'private', 'public', 'private', 'public'] as const)
        made.unshift((await document({ authorId, visibility, tags: [tag] })).id);
      const open = made.filter((_, index) => index % 2 === 0);
      expect(await ids({ tag })).toEqual(open);
      expect(await ids({ tag, viewerId: newId() })).toEqual(open);
      expect(await ids({ tag, viewerId: authorId })).toEqual(made);
      expect(await ids({ authorId })).toEqual(open);
      expect(await ids({ authorId, viewerId: authorId })).toEqual(made);
      expect(await ids({ tag, viewerId: authorId, limit: 2 })).toEqual(made.slice(0, 2));
      expect(await ids({ tag, viewerId: authorId, limit: 2, before: made[1] ?? '' })).toEqual(
        made.slice(2, 4),
      );
      expect((await ids({ limit: 3 })).slice(0, 3)).toEqual(open);
    });

    it('find words, beginnings of words and any part of Chinese, and nothing by signs', async () => {
      const authorId = newId();
      const english = (await document({ authorId, title: 'The Ferryman', body: "a_b 100% 'quoted' $where" }))
        .id;
      const chinese = (await document({ authorId, title: '长江渡轮', body: '早上七点从武汉港出发' })).id;
      const mixed = (await document({ authorId, title: '渡轮长江', body: '港口武汉，Ferry20' })).id;
      const rows: [string, string[]][] = [
        ['ferry', [mixed, english]],
        ['FERRYMAN', [english]],
        ['errym', []],
        ['渡轮', [mixed, chinese]],
        ['长江渡轮', [chinese]],
        ['武汉港', [chinese]],
        ['点', [chinese]],
        ['发', [chinese]],
        ['武汉 ferry', [mixed]],
        ['100%', [english]],
        ["quoted' OR 1=1", []],
        ['$where', [english]],
        ['%', []],
        ['.*', []],
      ];
      for (const [q, expected] of rows) expect([q, await ids({ authorId, q })]).toEqual([q, expected]);
    });

    it('find a page by words that many have, and by words that few have', async () => {
      const tag = newId();
      const rare = newId();
      const made: string[] = [];
      for (let index = 0; index < 30; index += 1) {
        const body = index === 7 ? `common ${rare}` : 'common';
        made.unshift((await document({ tags: [tag], body })).id);
      }
      expect(await ids({ tag, q: 'common', limit: 4 })).toEqual(made.slice(0, 4));
      expect(await ids({ q: `common ${rare}` })).toEqual([made[22]]);
    });

    it('end a page with the document with which it has the bytes that are asked for', async () => {
      const authorId = newId();
      const made: string[] = [];
      for (let index = 0; index < 5; index += 1)
        made.unshift((await document({ authorId, body: '渡'.repeat(100), html: 'x'.repeat(100) })).id);
      const page = async (bytes: number, before: string | null = null, limit = 100) => {
        const query = { viewerId: null, authorId, limit, bytes, before };
        const { items, next } = await documents().list(query);
        return [items.map(({ id }) => id), next];
      };
      expect(await page(1)).toEqual([made.slice(0, 1), made[0]]);
      expect(await page(400)).toEqual([made.slice(0, 1), made[0]]);
      expect(await page(401)).toEqual([made.slice(0, 2), made[1]]);
      expect(await page(800, made[1])).toEqual([made.slice(2, 4), made[3]]);
      expect(await page(1, made[3])).toEqual([made.slice(4), null]);
      expect(await page(2000, null, 5)).toEqual([made, null]);
      expect(await page(2000, null, 4)).toEqual([made.slice(0, 4), made[3]]);
    });

    it('are searched to the end in pages that may be short, however much has the words', async () => {
      const authorId = newId();
      const [one, other, tag] = [`a${newId()}`, `b${newId()}`, newId()];
      const wanted: string[] = [];
      for (let index = 0; index < 2300; index += 1) {
        // The words are common, and together only in the oldest ones.
        const body = index < 3 ? `${one} ${other} 渡口口的` : `${index % 2 === 0 ? one : other} 渡口 口的`;
        const record = aDocument({
          authorId,
          body,
          tags: [tag],
          visibility: index === 1 ? 'private' : 'public',
        });
        if (index < 3) wanted.unshift(record.id);
        await documents().insert(record);
      }
      const pages = async (query: Partial<DocumentQuery>) => {
        const found: string[] = [];
        let before: string | null = null;
        for (;;) {
          const { items, next } = await documents().list({
            viewerId: null,
            limit: 2,
            bytes: 1e9,
            before,
            ...query,
          });
          expect(items.length).toBeLessThanOrEqual(2);
          found.push(...items.map(({ id }) => id));
          if (next === null) return found;
          expect(before === null || next < before).toBe(true);
          before = next;
        }
      };
      const open = wanted.filter((_, index) => index !== 1);
      for (const query of [{ q: `${one} ${other}` }, { q: `${one} ${other}`, tag }, { q: '渡口口的', tag }])
        for (const author of [{}, { authorId }]) {
          expect(await pages({ ...query, ...author })).toEqual(open);
          expect(await pages({ ...query, ...author, viewerId: authorId })).toEqual(wanted);
        }
      expect(await pages({ q: `${one} ${other} nothing` })).toEqual([]);
    });

    it('follow edits and the trash', async () => {
      const [before, after] = [newId(), newId()];
      const record = await document({ body: before, tags: [before] });
      const second = await change(record, { body: after, tags: [after] });
      for (const word of [before, after]) {
        const expected = word === after ? [record.id] : [];
        expect([await ids({ q: word }), await ids({ tag: word })]).toEqual([expected, expected]);
      }
      await documents().trash(second.id, 2, at(1));
      expect(await ids({ q: after })).toEqual([]);
    });
  });

  describe('the trash', () => {
    it('takes a document at the version that is known, and gives it back', async () => {
      const record = await document();
      expect(await documents().trash(record.id, 2, at(1))).toBe(false);
      expect(await documents().trash(record.id, 1, at(1))).toBe(true);
      expect(await documents().trash(record.id, 1, at(2))).toBe(false);
      expect(await documents().find(record.id)).toStrictEqual({ ...record, deletedAt: at(1) });
      const page = { limit: 10, before: null, bytes: 1e9 };
      expect((await documents().listTrash(record.authorId, page)).items).toHaveLength(1);
      expect((await documents().listTrash(newId(), page)).items).toEqual([]);
      expect([await documents().untrash(record.id), await documents().untrash(record.id)]).toEqual([
        true,
        false,
      ]);
      expect(await documents().find(record.id)).toStrictEqual(record);
      expect((await documents().listTrash(record.authorId, page)).items).toEqual([]);
    });

    it('is listed in pages, newest first, of as many bytes as are asked for', async () => {
      const authorId = newId();
      const made: string[] = [];
      for (const visibility of ['public', 'private', 'public'] as const) {
        const { id } = await document({ authorId, visibility, body: 'x'.repeat(100), html: '' });
        await documents().trash(id, 1, at(1));
        made.unshift(id);
      }
      await document({ authorId });
      const page = async (limit: number, bytes: number, before: string | null = null) => {
        const { items, next } = await documents().listTrash(authorId, { limit, bytes, before });
        return [items.map(({ id }) => id), next];
      };
      expect(await page(10, 1e9)).toEqual([made, null]);
      expect(await page(2, 1e9)).toEqual([made.slice(0, 2), made[1]]);
      expect(await page(10, 101)).toEqual([made.slice(0, 2), made[1]]);
      expect(await page(10, 101, made[1])).toEqual([made.slice(2), null]);
    });

    it('is emptied of what has been there for long, with all that belongs to it', async () => {
      const record = await change(await document(), { title: 'Two' });
      const comment = aComment(record);
      await store().comments.insert(comment);
      expect(await documents().purge(record.id, at(1000))).toBe(false);
      await documents().trash(record.id, 2, at(100));
      expect(await documents().purge(record.id, at(100))).toBe(false);
      expect(await documents().listTrashedBefore(at(100), 1000)).not.toContain(record.id);
      expect(await documents().listTrashedBefore(at(101), 1000)).toContain(record.id);
      expect(await documents().purge(record.id, at(101))).toBe(true);
      expect(await documents().purge(record.id, at(101))).toBe(false);
      expect(await documents().find(record.id)).toBeNull();
      expect(await documents().findVersion(record.id, 1)).toBeNull();
      expect(await store().comments.find(comment.id)).toBeNull();
      expect(await documents().untrash(record.id)).toBe(false);
    });
  });
}
