import { Conflict } from '../../../src/errors';
import type { FileRecord, SqlStore } from '../../../src/models/sql';
import { aFile, at, newDigest, newId } from './records';

const LARGEST = Number.MAX_SAFE_INTEGER;

export function filesContract(store: () => SqlStore): void {
  async function file(values: Partial<FileRecord> = {}) {
    const record = aFile(values);
    await store().files.insert(record);
    return record;
  }

  describe('files', () => {
    it.each([
      ['Chinese', '报告 (最终).pdf'],
      ['emoji and a joiner', '👩‍💻😀.txt'],
      ['quotes and escapes', `a'b"c\\d\`e%f_g$1:x?.txt`],
      ['NUL and line ends', 'a\0b\r\nc'],
      ['trailing spaces', 'a  '],
      ['very long', '文'.repeat(15_000)],
      ['empty', ''],
    ])('keeps a name: %s', async (_, name) => {
      const record = await file({ name });
      expect(await store().files.find(record.id)).toStrictEqual(record);
    });

    it.each([0, 1, 2 ** 31, 2 ** 32 + 1, 2 ** 53 - 2, LARGEST])('keeps a size of %d', async (size) => {
      const record = await file({ size });
      expect(await store().files.find(record.id)).toStrictEqual(record);
      expect(await store().files.bytesOf(record.ownerId)).toBe(size);
    });

    it.each([0, 1, 10, 999])('keeps times with %d milliseconds', async (milliseconds) => {
      const record = await file({ createdAt: at(milliseconds), updatedAt: at(-milliseconds) });
      expect(await store().files.find(record.id)).toStrictEqual(record);
    });

    it('takes an id once', async () => {
      const record = await file();
      await expect(store().files.insert(record)).rejects.toThrow(Conflict);
    });

    it('lists those of an owner, newest first, page by page', async () => {
      const ownerId = newId();
      const ids = ['01a', '01b', '01c', '01d', '01e'].map((id) => `${id}-${ownerId}`);
      const [a, b, c, d, e] = ids as [string, string, string, string, string];
      for (const id of [c, a, e, b, d]) await file({ id, ownerId });
      await file();
      const page = async (limit: number, before: string | null) =>
        (await store().files.listOf(ownerId, { limit, before })).map(({ id }) => id);
      expect(await page(2, null)).toEqual([e, d]);
      expect(await page(2, d)).toEqual([c, b]);
      expect(await page(2, b)).toEqual([a]);
      expect(await page(2, a)).toEqual([]);
      expect(await page(100, null)).toEqual([...ids].reverse());
    });

    it.each([
      ['report', ['Report 1.pdf', 'my REPORT']],
      ['0%', ['100% sure']],
      ['_', ['a_b']],
      ['\\', ['a\\b']],
      [`'`, [`it's`]],
      ['报告', ['年度报告.docx']],
      ['é', ['CAFÉ.txt', 'café 2']],
      ['😀', ['😀😁']],
      ['b\0c', ['ab\0cd']],
      ['nothing of the kind', []],
    ])('finds a literal part of a name in any case: %j', async (q, expected) => {
      const names = [
        ['Report 1.pdf', 'my REPORT', '100% sure', '1000', 'a_b', 'axb', 'a\\b', `it's`, 'its'],
        ['年度报告.docx', '年度报 告', 'CAFÉ.txt', 'café 2', '😀😁', '😁', 'ab\0cd', 'ab'],
      ].flat();
      const ownerId = newId();
      for (const name of names) await file({ ownerId, name });
      const all = await store().files.listOf(ownerId, { limit: 100, before: null, q: '' });
      expect(all).toHaveLength(names.length);
      const found = await store().files.listOf(ownerId, { limit: 100, before: null, q });
      expect(found.map(({ name }) => name).sort()).toEqual([...expected].sort());
      const first = await store().files.listOf(ownerId, { limit: 1, before: null, q });
      expect(first).toEqual(found.slice(0, 1));
      const rest = await store().files.listOf(ownerId, { limit: 100, before: first[0]?.id ?? 'z', q });
      expect(rest).toEqual(found.slice(1));
    });

    it('changes only what the patch names', async () => {
      const record = await file();
      expect(await store().files.update(record.id, { name: 'b\0😀' }, at(1))).toBe(true);
      expect(await store().files.update(record.id, { visibility: 'public' }, at(2))).toBe(true);
      // The same once more is still a file that exists.
      expect(await store().files.update(record.id, { visibility: 'public' }, at(2))).toBe(true);
      const changed = { ...record, name: 'b\0😀', visibility: 'public', updatedAt: at(2) };
      expect(await store().files.find(record.id)).toStrictEqual(changed);
      expect(await store().files.update(newId(), { name: 'x' }, at(1))).toBe(false);
    });

    it('deletes once', async () => {
      const [record, other] = [await file(), await file()];
      expect(await store().files.delete(record.id)).toBe(true);
      expect(await store().files.delete(record.id)).toBe(false);
      expect(await store().files.find(record.id)).toBeNull();
      expect(await store().files.find(other.id)).not.toBeNull();
    });

    it('finds content that a user may read: their own first, then a public one', async () => {
      const [sha256, me, other] = [newDigest(), newId(), newId()];
      await file({ sha256, ownerId: other });
      expect(await store().files.findReadable(sha256, me)).toBeNull();
      const shared = await file({ sha256, ownerId: other, visibility: 'public' });
      expect(await store().files.findReadable(sha256, me)).toStrictEqual(shared);
      const own = await file({ sha256, ownerId: me });
      expect(await store().files.findReadable(sha256, me)).toStrictEqual(own);
      expect(await store().files.findReadable(newDigest(), me)).toBeNull();
    });

    it('finds those of many ids that there are', async () => {
      const records = [await file(), await file()];
      const ids = [newId(), ...records.map(({ id }) => id), records[0]!.id];
      const found = await store().files.findMany(ids);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining(records));
      expect(await store().files.findMany([])).toEqual([]);
    });

    it('counts those of many ids that a user may read', async () => {
      const me = newId();
      const [own, shared] = [await file({ ownerId: me }), await file({ visibility: 'public' })];
      const ids = [own, shared, await file(), await file({ ownerId: me, visibility: 'public' })].map(
        ({ id }) => id,
      );
      expect(await store().files.countReadable([...ids, newId()], me)).toBe(3);
      expect(await store().files.countReadable(ids, newId())).toBe(2);
      expect(await store().files.countReadable([], me)).toBe(0);
    });

    it('adds up the bytes of an owner', async () => {
      const ownerId = newId();
      expect(await store().files.bytesOf(ownerId)).toBe(0);
      for (const size of [2 ** 40, 2 ** 40, 3]) await file({ ownerId, size });
      await file({ size: 5 });
      expect(await store().files.bytesOf(ownerId)).toBe(2 ** 41 + 3);
    });
  });

  describe('blobs', () => {
    it('are announced without references, and renewed until one uses them', async () => {
      const sha256 = newDigest();
      expect(await store().blobs.find(sha256)).toBeNull();
      expect(await store().blobs.addReference(sha256)).toBe(false);
      await store().blobs.announce(sha256, LARGEST, at(1));
      const blob = { sha256, size: LARGEST, references: 0, releasedAt: at(1), crc32: null };
      expect(await store().blobs.find(sha256)).toStrictEqual(blob);
      await store().blobs.announce(sha256, LARGEST, at(2));
      expect(await store().blobs.find(sha256)).toStrictEqual({ ...blob, releasedAt: at(2) });
      expect(await store().blobs.addReference(sha256)).toBe(true);
      await store().blobs.announce(sha256, LARGEST, at(3));
      expect(await store().blobs.find(sha256)).toStrictEqual({ ...blob, references: 1, releasedAt: null });
    });

    it('keep a CRC-32 once it is known', async () => {
      const [one, other] = [newDigest(), newDigest()];
      await store().blobs.announce(one, 1, at(0), 0xffffffff);
      await store().blobs.announce(other, 1, at(0));
      await store().blobs.announce(one, 1, at(1));
      expect(await store().blobs.find(one)).toMatchObject({ crc32: 0xffffffff, releasedAt: at(1) });
      await store().blobs.announce(other, 1, at(1), 0);
      expect(await store().blobs.find(other)).toMatchObject({ crc32: 0 });
      expect(await store().blobs.setCrc32(other, 5)).toBe(true);
      expect(await store().blobs.setCrc32(newDigest(), 5)).toBe(false);
      const found = await store().blobs.findMany([one, newDigest(), other]);
      expect(new Map(found.map(({ sha256, crc32 }) => [sha256, crc32]))).toEqual(
        new Map([
          [one, 0xffffffff],
          [other, 5],
        ]),
      );
      expect(await store().blobs.findMany([])).toEqual([]);
    });

    it('are renewed together, those that are used excepted', async () => {
      const [unused, used] = [newDigest(), newDigest()];
      for (const sha256 of [unused, used]) await store().blobs.announce(sha256, 1, at(0));
      await store().blobs.addReference(used);
      await store().blobs.renew([unused, used, newDigest()], at(5));
      expect(await store().blobs.find(unused)).toMatchObject({ releasedAt: at(5) });
      expect(await store().blobs.find(used)).toMatchObject({ releasedAt: null });
      await store().blobs.renew([], at(6));
      expect(await store().blobs.find(unused)).toMatchObject({ releasedAt: at(5) });
    });

    it('are announced by many at once', async () => {
      const sha256 = newDigest();
      await Promise.all(Array.from({ length: 8 }, () => store().blobs.announce(sha256, 1, at(1))));
      expect(await store().blobs.find(sha256)).toMatchObject({ references: 0, releasedAt: at(1) });
    });

    it('note when the last reference went, and never have less than none', async () => {
      const sha256 = newDigest();
      await store().blobs.announce(sha256, 1, at(0));
      for (let count = 0; count < 2; count += 1) await store().blobs.addReference(sha256);
      await store().blobs.dropReference(sha256, at(1));
      expect(await store().blobs.find(sha256)).toMatchObject({ references: 1, releasedAt: null });
      await store().blobs.dropReference(sha256, at(2));
      expect(await store().blobs.find(sha256)).toMatchObject({ references: 0, releasedAt: at(2) });
      await store().blobs.dropReference(sha256, at(3));
      expect(await store().blobs.find(sha256)).toMatchObject({ references: 0, releasedAt: at(2) });
    });

    it('count every reference of many at once', async () => {
      const sha256 = newDigest();
      await store().blobs.announce(sha256, 1, at(0));
      await Promise.all(Array.from({ length: 20 }, () => store().blobs.addReference(sha256)));
      await Promise.all(Array.from({ length: 15 }, () => store().blobs.dropReference(sha256, at(1))));
      expect(await store().blobs.find(sha256)).toMatchObject({ references: 5, releasedAt: null });
    });

    it('are listed and deleted only when unreferenced since before', async () => {
      const [old, used, fresh] = [newDigest(), newDigest(), newDigest()];
      const before = new Date(2000);
      await store().blobs.announce(old, 1, new Date(1000));
      await store().blobs.announce(used, 1, new Date(1000));
      await store().blobs.addReference(used);
      await store().blobs.announce(fresh, 1, before);
      const listed = await store().blobs.listUnreferenced(before, 10);
      const row = { sha256: old, size: 1, references: 0, releasedAt: new Date(1000), crc32: null };
      expect(listed).toStrictEqual([row]);
      expect(await store().blobs.listUnreferenced(new Date(3000), 1)).toHaveLength(1);
      for (const sha256 of [used, fresh, newDigest()]) {
        expect(await store().blobs.deleteUnreferenced(sha256, before)).toBe(false);
      }
      expect(await store().blobs.deleteUnreferenced(old, before)).toBe(true);
      expect(await store().blobs.find(old)).toBeNull();
      expect(await store().blobs.find(used)).not.toBeNull();
    });
  });
}
