import { Conflict } from '../../../src/errors';
import type { LinkRecord, SqlStore } from '../../../src/models/sql';
import { aLink, at, newDigest, newId } from './records';

export function linksContract(store: () => SqlStore): void {
  async function link(values: Partial<LinkRecord> = {}) {
    const record = aLink(values);
    await store().links.insert(record);
    return record;
  }

  const again = ({ tokenHash }: LinkRecord) => store().links.findByToken(tokenHash);

  describe('links', () => {
    it('are found by the hash of their token, which is taken once', async () => {
      const record = await link({ disposition: 'attachment', maxDownloads: 1_000_000 });
      expect(await again(record)).toStrictEqual(record);
      const free = await link();
      expect(await again(free)).toStrictEqual(free);
      expect(await store().links.findByToken(newDigest())).toBeNull();
      await expect(store().links.insert({ ...record, id: newId() })).rejects.toThrow(Conflict);
    });

    it('of a file are listed, newest first, page by page, without those that were revoked', async () => {
      const fileId = newId();
      for (const id of ['2', '4', '1', '3']) await link({ id: `${id}-${fileId}`, fileId });
      await link();
      await store().links.revoke(fileId, `3-${fileId}`, at(1));
      const page = async (limit: number, before: string | null) =>
        (await store().links.listOf(fileId, { limit, before })).map(({ id }) => id);
      expect(await page(2, null)).toEqual([`4-${fileId}`, `2-${fileId}`]);
      expect(await page(2, `2-${fileId}`)).toEqual([`1-${fileId}`]);
    });

    it('count as many downloads as they have, however many ask at once', async () => {
      const record = await link({ maxDownloads: 3 });
      const counted = await Promise.all(
        Array.from({ length: 10 }, () => store().links.count(record.id, at(0))),
      );
      expect(counted.filter(Boolean)).toHaveLength(3);
      expect(await again(record)).toStrictEqual({ ...record, downloads: 3 });
      const free = await link();
      for (let count = 0; count < 4; count += 1) expect(await store().links.count(free.id, at(0))).toBe(true);
      expect(await again(free)).toStrictEqual({ ...free, downloads: 4 });
    });

    it('count nothing once they expired or were revoked', async () => {
      const record = await link({ expiresAt: at(10) });
      expect(await store().links.count(record.id, at(9))).toBe(true);
      expect(await store().links.count(record.id, at(10))).toBe(false);
      const revoked = await link();
      await store().links.revoke(revoked.fileId, revoked.id, at(0));
      expect(await store().links.count(revoked.id, at(0))).toBe(false);
      expect(await store().links.count(newId(), at(0))).toBe(false);
    });

    it('are revoked once, and only as those of their file', async () => {
      const record = await link();
      expect(await store().links.revoke(newId(), record.id, at(1))).toBe(false);
      expect(await store().links.revoke(record.fileId, record.id, at(1))).toBe(true);
      expect(await store().links.revoke(record.fileId, record.id, at(2))).toBe(false);
      expect(await again(record)).toStrictEqual({ ...record, revokedAt: at(1) });
    });

    it('are revoked all at once for a file', async () => {
      const fileId = newId();
      const [a, b, other] = [await link({ fileId }), await link({ fileId, revokedAt: at(1) }), await link()];
      await store().links.revokeAllOf(fileId, at(2));
      expect((await again(a))?.revokedAt).toEqual(at(2));
      expect((await again(b))?.revokedAt).toEqual(at(1));
      expect((await again(other))?.revokedAt).toBeNull();
    });

    it('know which client has a download open, until it ends', async () => {
      const { id } = await link();
      const [client, another] = [newDigest(), newDigest()];
      expect(await store().links.hasOpenDownload(id, client, at(0))).toBe(false);
      await store().links.openDownload(id, client, at(10));
      expect(await store().links.hasOpenDownload(id, client, at(9))).toBe(true);
      expect(await store().links.hasOpenDownload(id, client, at(10))).toBe(false);
      expect(await store().links.hasOpenDownload(id, another, at(9))).toBe(false);
      expect(await store().links.hasOpenDownload(newId(), client, at(9))).toBe(false);
      await store().links.openDownload(id, client, at(20));
      expect(await store().links.hasOpenDownload(id, client, at(19))).toBe(true);
    });

    it('are held by one transaction at a time', async () => {
      const { id } = await link({ maxDownloads: 10 });
      const client = newDigest();
      const begin = () =>
        store().transaction(async ({ links }) => {
          expect(await links.hold(id)).toBe(true);
          if (await links.hasOpenDownload(id, client, at(0))) return 0;
          await links.openDownload(id, client, at(10));
          return 1;
        });
      const begun = await Promise.all(Array.from({ length: 6 }, begin));
      expect(begun.sort()).toEqual([0, 0, 0, 0, 0, 1]);
      expect(await store().links.hold(newId())).toBe(false);
    });

    it('go some time after their end, with their downloads', async () => {
      const before = new Date(2000);
      const expired = await link({ expiresAt: new Date(1999) });
      const revoked = await link({ revokedAt: new Date(1999) });
      const kept = [await link({ expiresAt: before }), await link({ revokedAt: before }), await link()];
      await store().links.openDownload(expired.id, newDigest(), at(0));
      expect(await store().links.deleteDead(before)).toBe(2);
      expect(await again(expired)).toBeNull();
      expect(await again(revoked)).toBeNull();
      for (const record of kept) expect(await again(record)).toStrictEqual(record);
    });

    it('lose downloads that have ended', async () => {
      const { id } = await link();
      const [ended, open] = [newDigest(), newDigest()];
      await store().links.openDownload(id, ended, new Date(1999));
      await store().links.openDownload(id, open, new Date(2000));
      expect(await store().links.deleteEndedDownloads(new Date(2000))).toBe(1);
      expect(await store().links.hasOpenDownload(id, ended, new Date(0))).toBe(false);
      expect(await store().links.hasOpenDownload(id, open, new Date(0))).toBe(true);
    });
  });
}
