import { Conflict, Unavailable } from '../../../src/errors';
import type { SqlStore, Tables } from '../../../src/models/sql';
import { aSignIn, aFile, anIdempotency, anIdentity, anUpload, at, aUser, newDigest, newId } from './records';

const TWENTY = Array.from({ length: 20 }, (_, index) => index);

export function transactionsContract(store: () => SqlStore): void {
  async function raiseEpoch(tables: Tables, id: string) {
    const user = await tables.users.find(id);
    await tables.users.update(id, { epoch: user!.epoch + 1 });
  }

  describe('transactions', () => {
    it('return what the work returns', async () => {
      expect(await store().transaction(() => Promise.resolve('done'))).toBe('done');
    });

    it('undo everything when the work throws, and pass the error on as it is', async () => {
      const [user, file, upload, record] = [aUser(), aFile(), anUpload(), anIdempotency()];
      const [identity, signIn, sha256] = [anIdentity(user.id), aSignIn(user.id), newDigest()];
      const error = new Error('on purpose');
      const work = store().transaction(async (tables) => {
        await tables.users.insert(user);
        await tables.identities.insert(identity);
        await tables.signIns.insert(signIn);
        await tables.files.insert(file);
        await tables.blobs.announce(sha256, 1, at(0));
        await tables.uploads.insert(upload);
        await tables.extents.add(upload.id, { start: 0, end: 1 });
        await tables.idempotency.insert(record);
        expect(await tables.users.find(user.id)).toStrictEqual(user);
        throw error;
      });
      await expect(work).rejects.toBe(error);
      expect(await store().users.find(user.id)).toBeNull();
      expect(await store().identities.find(identity.provider, identity.subject)).toBeNull();
      expect(await store().signIns.find(signIn.id)).toBeNull();
      expect(await store().files.find(file.id)).toBeNull();
      expect(await store().blobs.find(sha256)).toBeNull();
      expect(await store().uploads.find(upload.id)).toBeNull();
      expect(await store().extents.listOf(upload.id)).toEqual([]);
      expect(await store().idempotency.find(record.ownerId, record.key)).toBeNull();
    });

    it('undo changes and deletions too', async () => {
      const [user, file] = [aUser(), aFile()];
      await store().users.insert(user);
      await store().files.insert(file);
      const work = store().transaction(async (tables) => {
        await raiseEpoch(tables, user.id);
        await tables.files.delete(file.id);
        await tables.users.insert(user);
      });
      await expect(work).rejects.toThrow(Conflict);
      expect(await store().users.find(user.id)).toStrictEqual(user);
      expect(await store().files.find(file.id)).toStrictEqual(file);
    });

    it('go on after a conflict that the work catches', async () => {
      const [user, other] = [aUser(), aUser()];
      await store().users.insert(user);
      await store().transaction(async (tables) => {
        await expect(tables.users.insert(user)).rejects.toThrow(Conflict);
        await tables.users.insert(other);
      });
      expect(await store().users.find(other.id)).toStrictEqual(other);
    });

    it('are not seen from outside before they end', async () => {
      const user = aUser();
      await store().transaction(async (tables) => {
        await tables.users.insert(user);
        expect(await store().users.find(user.id)).toBeNull();
      });
      expect(await store().users.find(user.id)).toStrictEqual(user);
    });

    it.each<[string, (tables: Tables, user: string, upload: string) => Promise<boolean>]>([
      ['a user', (tables, user) => tables.users.hold(user)],
      ['an upload', (tables, _, upload) => tables.uploads.touch(upload, at(60_000))],
    ])('that hold %s lose no update, twenty at once', async (_, hold) => {
      const [user, upload] = [aUser(), anUpload()];
      await store().users.insert(user);
      await store().uploads.insert(upload);
      await Promise.all(
        TWENTY.map(() =>
          store().transaction(async (tables) => {
            // A read before the row is held must not fix what is read afterwards.
            await tables.uploads.find(upload.id);
            expect(await hold(tables, user.id, upload.id)).toBe(true);
            await raiseEpoch(tables, user.id);
          }),
        ),
      );
      expect((await store().users.find(user.id))?.epoch).toBe(20);
    });

    it('race statements outside of them without loss', async () => {
      const sha256 = newDigest();
      await store().blobs.announce(sha256, 1, at(0));
      const uploads = TWENTY.map(() => anUpload());
      await Promise.all(
        uploads.flatMap((upload) => [
          store().blobs.addReference(sha256),
          store().transaction(async (tables) => {
            await tables.uploads.insert(upload);
            await tables.blobs.addReference(sha256);
          }),
          store().users.insert(aUser({ id: upload.id })),
        ]),
      );
      expect((await store().blobs.find(sha256))?.references).toBe(40);
      for (const { id } of uploads) {
        expect(await store().uploads.find(id)).not.toBeNull();
        expect(await store().users.find(id)).not.toBeNull();
      }
    });

    it('fail among others without harm to them', async () => {
      const sha256 = newDigest();
      await store().blobs.announce(sha256, 1, at(0));
      const results = await Promise.allSettled(
        TWENTY.map((index) =>
          store().transaction(async (tables) => {
            await tables.blobs.addReference(sha256);
            if (index % 2 === 1) throw new Error('on purpose');
          }),
        ),
      );
      expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(10);
      expect((await store().blobs.find(sha256))?.references).toBe(10);
    });

    it('cannot be used once they ended', async () => {
      const tables = await store().transaction((inside) => Promise.resolve(inside));
      const user = aUser();
      await expect(tables.users.insert(user)).rejects.toThrow();
      expect(await store().users.find(user.id)).toBeNull();
    });
  });
}

export function lifeContract(
  open: () => Promise<{ store: SqlStore; another: () => Promise<SqlStore> }>,
): void {
  describe('the store', () => {
    it('is given its schema by two at once, each step by one of them', async () => {
      const { store, another } = await open();
      const other = await another();
      const ran = await Promise.all([store.migrate(), other.migrate()]);
      expect(ran.flat().length).toBeGreaterThan(0);
      expect([...ran.flat()].sort()).toEqual([...new Set(ran.flat())].sort());
      for (const each of [store, other]) {
        expect(await each.migrate()).toEqual([]);
        expect(await each.files.bytesOf(newId())).toBe(0);
        expect(await each.idempotency.deleteExpired(at(0))).toBe(0);
      }
    });

    it('shares its data with another over the same database', async () => {
      const { store, another } = await open();
      await store.migrate();
      const other = await another();
      const user = aUser();
      await store.users.insert(user);
      expect(await other.users.find(user.id)).toStrictEqual(user);
      await Promise.all(
        TWENTY.map((index) =>
          (index % 2 === 0 ? store : other).transaction(async (tables) => {
            await tables.users.hold(user.id);
            const found = await tables.users.find(user.id);
            await tables.users.update(user.id, { epoch: found!.epoch + 1 });
          }),
        ),
      );
      expect((await other.users.find(user.id))?.epoch).toBe(20);
    });

    it('keeps its data after it is closed, and answers no more itself', async () => {
      const { store, another } = await open();
      await store.migrate();
      const file = aFile({ name: '文\0😀', size: Number.MAX_SAFE_INTEGER });
      await store.files.insert(file);
      await store.ping();
      await store.close();
      await store.close();
      await expect(store.ping()).rejects.toThrow(Unavailable);
      await expect(store.files.find(file.id)).rejects.toThrow(Unavailable);
      await expect(store.transaction(() => Promise.resolve())).rejects.toThrow(Unavailable);
      await expect(store.migrate()).rejects.toThrow(Unavailable);
      const other = await another();
      expect(await other.migrate()).toEqual([]);
      expect(await other.files.find(file.id)).toStrictEqual(file);
    });

    it('says what it is and where, without credentials', async () => {
      const { store } = await open();
      expect(store.form).toMatch(/^(SQLite|MySQL)$/);
      expect(store.location).toMatch(/./);
      expect(store.location).not.toContain('@');
    });
  });
}
