import { Conflict } from '../../../src/errors';
import type { ArchiveEntry, ArchiveRecord, SqlStore } from '../../../src/models/sql';
import { at, newDigest, newId } from './records';

function anEntry(values: Partial<ArchiveEntry> = {}): ArchiveEntry {
  const modifiedAt = at(7).getTime();
  return {
    fileId: newId(),
    sha256: newDigest(),
    size: 1,
    crc32: 0xffffffff,
    name: 'a.txt',
    modifiedAt,
    ...values,
  };
}

export function archivesContract(store: () => SqlStore): void {
  async function archive(values: Partial<ArchiveRecord> = {}) {
    const record: ArchiveRecord = {
      id: newId(),
      tokenHash: newDigest(),
      ownerId: newId(),
      name: 'a.zip',
      entries: [anEntry()],
      createdAt: at(0),
      expiresAt: at(60_000),
      ...values,
    };
    await store().archives.insert(record);
    return record;
  }

  describe('archives', () => {
    it('are found by the hash of their token, which is taken once', async () => {
      const entries = [
        anEntry({ name: '报告 😀 "\'\\.pdf', size: Number.MAX_SAFE_INTEGER }),
        anEntry({ modifiedAt: 0 }),
      ];
      const record = await archive({ entries, name: '照片.zip' });
      expect(await store().archives.findByToken(record.tokenHash)).toStrictEqual(record);
      expect(await store().archives.findByToken(newDigest())).toBeNull();
      await expect(archive({ tokenHash: record.tokenHash })).rejects.toThrow(Conflict);
    });

    it('have as many entries as one may ask for, with the longest names', async () => {
      const entries = Array.from({ length: 1000 }, () => anEntry({ name: '文'.repeat(85) }));
      const record = await archive({ entries });
      expect(await store().archives.findByToken(record.tokenHash)).toStrictEqual(record);
    });

    it('are counted while they have not expired', async () => {
      const ownerId = newId();
      for (const expiresAt of [at(9), at(10), at(11), at(12)]) await archive({ ownerId, expiresAt });
      await archive();
      expect(await store().archives.countAlive(ownerId, at(10))).toBe(2);
      expect(await store().archives.countAlive(newId(), at(10))).toBe(0);
    });

    it('go some time after they expired', async () => {
      const [expired, kept] = [
        await archive({ expiresAt: new Date(1999) }),
        await archive({ expiresAt: new Date(2000) }),
      ];
      expect(await store().archives.deleteExpired(new Date(2000))).toBe(1);
      expect(await store().archives.findByToken(expired.tokenHash)).toBeNull();
      expect(await store().archives.findByToken(kept.tokenHash)).toStrictEqual(kept);
    });
  });

  describe('manifests', () => {
    async function blob() {
      const sha256 = newDigest();
      await store().blobs.announce(sha256, 1, new Date(1000));
      return sha256;
    }

    it.each([0, 1, 10_000])('keep %d digests', async (count) => {
      const sha256 = await blob();
      expect(await store().manifests.find(sha256)).toBeNull();
      const manifest = { sha256, pieceSize: 2 ** 40, pieces: Array.from({ length: count }, newDigest) };
      await store().manifests.insert(manifest);
      expect(await store().manifests.find(sha256)).toStrictEqual(manifest);
    });

    it('stay as they are when others enter them, too', async () => {
      const manifest = { sha256: await blob(), pieceSize: 4, pieces: [newDigest()] };
      await Promise.all(Array.from({ length: 4 }, () => store().manifests.insert(manifest)));
      await store().manifests.insert({ ...manifest, pieceSize: 8 });
      expect(await store().manifests.find(manifest.sha256)).toStrictEqual(manifest);
    });

    it('go with their content', async () => {
      const [gone, kept] = [await blob(), await blob()];
      for (const sha256 of [gone, kept]) await store().manifests.insert({ sha256, pieceSize: 4, pieces: [] });
      expect(await store().blobs.deleteUnreferenced(gone, new Date(2000))).toBe(true);
      expect(await store().manifests.find(gone)).toBeNull();
      expect(await store().manifests.find(kept)).not.toBeNull();
    });
  });
}
