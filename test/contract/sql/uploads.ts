import { Conflict } from '../../../src/errors';
import type { SqlStore, UploadRecord } from '../../../src/models/sql';
import { anIdempotency, anUpload, at, newDigest, newId } from './records';

export function uploadsContract(store: () => SqlStore): void {
  async function upload(values: Partial<UploadRecord> = {}) {
    const record = anUpload(values);
    await store().uploads.insert(record);
    return record;
  }
  describe('uploads', () => {
    it('gives back what was inserted, and null for others', async () => {
      const record = await upload({
        name: '视频\0😀'.repeat(500),
        size: Number.MAX_SAFE_INTEGER,
        chunkSize: 2 ** 33,
        visibility: 'public',
        declaredSha256: newDigest(),
        sealedSha256: newDigest(),
        fileId: newId(),
        expiresAt: at(123),
      });
      expect(await store().uploads.find(record.id)).toStrictEqual(record);
      expect(await store().uploads.find(newId())).toBeNull();
      await expect(store().uploads.insert(record)).rejects.toThrow(Conflict);
    });

    it('lists those of an owner, newest first, page by page', async () => {
      const ownerId = newId();
      const [b, c, a] = ['2', '3', '1'].map((id) => anUpload({ id: `${id}-${ownerId}`, ownerId }));
      for (const record of [b!, c!, a!, anUpload()]) await store().uploads.insert(record);
      expect(await store().uploads.listOf(ownerId, { limit: 2, before: null })).toStrictEqual([c, b]);
      expect(await store().uploads.listOf(ownerId, { limit: 2, before: b!.id })).toStrictEqual([a]);
    });

    it('touches, seals and completes an open one', async () => {
      const record = await upload();
      const [sha256, fileId] = [newDigest(), newId()];
      expect(await store().uploads.touch(record.id, at(99))).toBe(true);
      expect(await store().uploads.touch(record.id, at(99))).toBe(true);
      expect(await store().uploads.seal(record.id, sha256)).toBe(true);
      expect(await store().uploads.seal(record.id, sha256)).toBe(true);
      const sealed = { ...record, expiresAt: at(99), sealedSha256: sha256 };
      expect(await store().uploads.find(record.id)).toStrictEqual(sealed);
      expect(await store().uploads.complete(record.id, fileId)).toBe(true);
      expect(await store().uploads.find(record.id)).toStrictEqual({ ...sealed, state: 'complete', fileId });
    });

    it.each(['complete', 'aborted', 'expired'] as const)('leaves one that is %s as it is', async (state) => {
      const record = await upload({ state });
      for (const id of [record.id, newId()]) {
        expect(await store().uploads.touch(id, at(1))).toBe(false);
        expect(await store().uploads.seal(id, newDigest())).toBe(false);
        expect(await store().uploads.complete(id, newId())).toBe(false);
        expect(await store().uploads.end(id, 'aborted')).toBe(false);
      }
      expect(await store().uploads.find(record.id)).toStrictEqual(record);
    });

    it.each(['aborted', 'expired'] as const)('ends an open one as %s', async (state) => {
      const record = await upload();
      expect(await store().uploads.end(record.id, state)).toBe(true);
      expect(await store().uploads.find(record.id)).toStrictEqual({ ...record, state });
    });

    it('lists open ones that are sealed, and open ones that expired unsealed', async () => {
      const old = new Date(1000);
      const sealed = await upload({ sealedSha256: newDigest(), expiresAt: old });
      const [later, first] = [await upload({ expiresAt: new Date(1500) }), await upload({ expiresAt: old })];
      await upload({ state: 'complete', sealedSha256: newDigest(), expiresAt: old });
      await upload({ state: 'aborted', expiresAt: old });
      await upload({ expiresAt: new Date(2000) });
      const found = await store().uploads.listSealed();
      expect(found.filter(({ id }) => id === sealed.id)).toStrictEqual([sealed]);
      expect(found.every(({ state, sealedSha256 }) => state === 'open' && sealedSha256 !== null)).toBe(true);
      expect(await store().uploads.listExpired(new Date(2000), 10)).toStrictEqual([first, later]);
      expect(await store().uploads.listExpired(new Date(2000), 1)).toStrictEqual([first]);
    });

    it('finds the newest one of a client key, for its owner only', async () => {
      const [ownerId, clientKey] = [newId(), newDigest()];
      await upload({ id: `1-${clientKey.slice(0, 40)}`, ownerId, clientKey });
      const newest = await upload({
        id: `2-${clientKey.slice(0, 40)}`,
        ownerId,
        clientKey,
        state: 'complete',
      });
      expect(await store().uploads.findByClientKey(ownerId, clientKey)).toStrictEqual(newest);
      expect(await store().uploads.findByClientKey(newId(), clientKey)).toBeNull();
      expect(await store().uploads.findByClientKey(ownerId, newDigest())).toBeNull();
    });

    it('lets one of deferred length grow until its length is declared', async () => {
      const { id, ...rest } = await upload({ size: 0, sizeDeferred: true });
      expect(await store().uploads.grow(id, 700)).toBe(true);
      expect(await store().uploads.find(id)).toStrictEqual({ id, ...rest, size: 700 });
      expect(await store().uploads.declareSize(id, 2 ** 40)).toBe(true);
      expect(await store().uploads.find(id)).toStrictEqual({
        id,
        ...rest,
        size: 2 ** 40,
        sizeDeferred: false,
      });
      expect(await store().uploads.grow(id, 2 ** 41)).toBe(false);
      expect(await store().uploads.declareSize(id, 1)).toBe(false);
      const ended = await upload({ size: 0, sizeDeferred: true, state: 'aborted' });
      expect(await store().uploads.grow(ended.id, 1)).toBe(false);
      expect(await store().uploads.declareSize(ended.id, 1)).toBe(false);
    });

    it('keeps what a client keeps with it', async () => {
      const record = await upload({ clientState: '{}' });
      await store().uploads.setClientState(record.id, '{"名":"😀"}');
      expect((await store().uploads.find(record.id))?.clientState).toBe('{"名":"😀"}');
    });

    it('joins pieces once, in order, and counts only their whole', async () => {
      const ownerId = newId();
      const whole = await upload({ ownerId, size: 30 });
      const [a, b] = [await upload({ ownerId, size: 10 }), await upload({ ownerId, size: 20 })];
      const ended = await upload({ ownerId, state: 'aborted' });
      expect(await store().uploads.join(b.id, whole.id, 0)).toBe(true);
      expect(await store().uploads.join(a.id, whole.id, 1)).toBe(true);
      expect(await store().uploads.join(a.id, newId(), 0)).toBe(false);
      expect(await store().uploads.join(ended.id, whole.id, 2)).toBe(false);
      const pieces = await store().uploads.listJoined(whole.id);
      expect(pieces.map(({ id, joinedPosition }) => [id, joinedPosition])).toEqual([
        [b.id, 0],
        [a.id, 1],
      ]);
      expect(await store().uploads.sumOpen(ownerId)).toEqual({ count: 1, bytes: 30 });
      const late = await store().uploads.listExpired(at(120_000), 1000);
      expect(late.map(({ id }) => id)).toContain(whole.id);
      expect(late.map(({ id }) => id)).not.toContain(a.id);
    });

    it('ends the open pieces of an upload with it', async () => {
      const whole = await upload();
      const pieces = [
        await upload({ joinedTo: whole.id }),
        await upload({ joinedTo: whole.id, state: 'expired' }),
      ];
      const other = await upload({ joinedTo: newId() });
      await store().uploads.endJoined(whole.id, 'complete');
      const states = [...pieces, other].map(async ({ id }) => (await store().uploads.find(id))?.state);
      expect(await Promise.all(states)).toEqual(['complete', 'expired', 'open']);
    });

    it('lists those that complete themselves once they have all their bytes', async () => {
      const itself = { completion: 'itself', size: 10 } as const;
      const filled = [
        await upload(itself),
        await upload({ completion: 'itself', size: 0 }),
        await upload({ size: 10 }),
      ];
      await store().uploads.completeItself(filled[2]!.id);
      const never = await upload({ completion: 'never', size: 10 });
      await store().uploads.completeItself(never.id);
      const others = [
        never,
        await upload({ size: 10 }),
        await upload({ ...itself, sizeDeferred: true }),
        await upload({ ...itself, state: 'aborted' }),
        await upload({ ...itself, sealedSha256: newDigest() }),
      ];
      const partly = await upload({ ...itself, size: 11 });
      for (const { id, size } of [...filled, ...others, partly]) {
        await store().transaction((tables) => tables.extents.add(id, { start: 0, end: Math.min(size, 10) }));
      }
      await upload(itself);
      const mine = new Set([...filled, ...others, partly].map(({ id }) => id));
      const found = (await store().uploads.listFilled()).map(({ id }) => id).filter((id) => mine.has(id));
      expect(found).toEqual(filled.map(({ id }) => id).sort());
    });

    it('counts open ones and their bytes, of one user and of everybody', async () => {
      const ownerId = newId();
      expect(await store().uploads.sumOpen(ownerId)).toEqual({ count: 0, bytes: 0 });
      const before = await store().uploads.sumOpen();
      for (const size of [2 ** 40, 5]) await upload({ ownerId, size });
      await upload({ ownerId, size: 7, state: 'complete' });
      await upload({ size: 11 });
      expect(await store().uploads.sumOpen(ownerId)).toEqual({ count: 2, bytes: 2 ** 40 + 5 });
      const all = await store().uploads.sumOpen();
      expect(all.count - before.count).toBe(3);
    });
  });

  describe('idempotency', () => {
    const answer = {
      status: 201,
      headers: { Location: '/x' },
      body: { text: '😀'.repeat(50_000), list: [1, null] },
    };

    it('keeps a record, then its answer', async () => {
      const record = anIdempotency();
      await store().idempotency.insert(record);
      expect(await store().idempotency.find(record.ownerId, record.key)).toStrictEqual(record);
      await store().idempotency.answer(record.ownerId, record.key, answer);
      const answered = await store().idempotency.find(record.ownerId, record.key);
      expect(answered).toStrictEqual({ ...record, answer });
      expect(await store().idempotency.find(newId(), record.key)).toBeNull();
      expect(await store().idempotency.find(record.ownerId, newId())).toBeNull();
    });

    it('takes (ownerId, key) once', async () => {
      const record = anIdempotency({ answer });
      await store().idempotency.insert(record);
      await expect(store().idempotency.insert(anIdempotency(record))).rejects.toThrow(Conflict);
      await store().idempotency.insert({ ...record, ownerId: newId() });
      await store().idempotency.insert({ ...record, key: record.key.toUpperCase() + 'É' });
      expect(await store().idempotency.find(record.ownerId, record.key)).toStrictEqual(record);
    });

    it('is taken over by one of many, and not once it is answered', async () => {
      const { ownerId, key, startedAt } = anIdempotency();
      await store().idempotency.insert(anIdempotency({ ownerId, key, startedAt }));
      const takeOver = (from: Date, to: Date) => store().idempotency.takeOver(ownerId, key, from, to);
      expect(await takeOver(at(1), at(2))).toBe(false);
      const won = await Promise.all(
        [1, 2, 3, 4].map((milliseconds) => takeOver(startedAt, at(milliseconds))),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      const taken = await store().idempotency.find(ownerId, key);
      expect(taken?.startedAt).toEqual(at(won.indexOf(true) + 1));
      await store().idempotency.answer(ownerId, key, answer);
      expect(await takeOver(taken!.startedAt, at(9))).toBe(false);
    });

    it('is deleted, alone or once expired', async () => {
      const [gone, kept] = [anIdempotency(), anIdempotency({ expiresAt: new Date(2000) })];
      const expired = anIdempotency({ expiresAt: new Date(1999) });
      for (const record of [gone, kept, expired]) await store().idempotency.insert(record);
      await store().idempotency.delete(gone.ownerId, gone.key);
      await store().idempotency.delete(gone.ownerId, gone.key);
      expect(await store().idempotency.find(gone.ownerId, gone.key)).toBeNull();
      expect(await store().idempotency.deleteExpired(new Date(2000))).toBe(1);
      expect(await store().idempotency.find(expired.ownerId, expired.key)).toBeNull();
      expect(await store().idempotency.find(kept.ownerId, kept.key)).toStrictEqual(kept);
    });
  });
}
