import { Conflict } from '../../../src/errors';
import type { SqlStore } from '../../../src/models/sql';
import { aFamily, anIdentity, at, aUser, newDigest, newId } from './records';

export function accountsContract(store: () => SqlStore): void {
  async function inserted() {
    const user = aUser();
    await store().users.insert(user);
    return user;
  }

  describe('users', () => {
    it('gives back what was inserted, and null for others', async () => {
      const user = aUser({
        username: '小明',
        displayName: '明\0😀',
        avatarFileId: newId(),
        roles: ['user', 'admin'],
      });
      await store().users.insert(user);
      expect(await store().users.find(user.id)).toStrictEqual(user);
      expect(await store().users.find(newId())).toBeNull();
    });

    it('changes only what the patch names, and notes when', async () => {
      const user = await inserted();
      const patch = { displayName: 'Other', roles: ['admin' as const], epoch: 7, avatarFileId: 'f' };
      for (const [key, value] of Object.entries(patch)) {
        expect(await store().users.update(user.id, { [key]: value })).toBe(true);
      }
      const found = await store().users.find(user.id);
      expect(found).toStrictEqual({ ...user, ...patch, updatedAt: found?.updatedAt });
      expect(found?.updatedAt.getTime()).toBeGreaterThan(user.updatedAt.getTime());
      expect(await store().users.update(user.id, { avatarFileId: null })).toBe(true);
      expect((await store().users.find(user.id))?.avatarFileId).toBeNull();
    });

    it('says when there is nobody to change or hold', async () => {
      expect(await store().users.update(newId(), { epoch: 1 })).toBe(false);
      expect(await store().users.hold(newId())).toBe(false);
      expect(await store().users.hold((await inserted()).id)).toBe(true);
    });

    it('takes an id once', async () => {
      const user = await inserted();
      await expect(store().users.insert(user)).rejects.toThrow(Conflict);
    });
  });

  describe('identities', () => {
    it('finds by provider and subject, each of which may repeat alone', async () => {
      const user = await inserted();
      const subject = newId();
      const password = anIdentity(user.id, { subject, secret: '$argon2id$v=19$' });
      const wechat = anIdentity(user.id, { subject, provider: 'wechat:wx1' });
      await store().identities.insert(password);
      await store().identities.insert(wechat);
      expect(await store().identities.find('password', subject)).toStrictEqual(password);
      expect(await store().identities.find('wechat:wx1', subject)).toStrictEqual(wechat);
      expect(await store().identities.find('wechat:wx2', subject)).toBeNull();
    });

    it('tells subjects apart by case and accent, and keeps odd ones', async () => {
      const user = await inserted();
      const subjects = ['e', 'E', 'é', '😀', '😁', `o'x"\\%_`, 'n\0l'].map((text) => text + newId());
      for (const subject of subjects) await store().identities.insert(anIdentity(user.id, { subject }));
      for (const subject of subjects) {
        expect(await store().identities.find('password', subject)).toMatchObject({ subject });
      }
    });

    it('gives a (provider, subject) to one of many at once', async () => {
      const user = await inserted();
      const identity = anIdentity(user.id);
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, () => store().identities.insert(identity)),
      );
      const reasons = results.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as unknown] : [],
      );
      expect(reasons).toHaveLength(7);
      for (const reason of reasons) expect(reason).toBeInstanceOf(Conflict);
    });

    it('lists those of a user, oldest first', async () => {
      const user = await inserted();
      const [second, first] = [anIdentity(user.id, { linkedAt: at(1) }), anIdentity(user.id)];
      for (const identity of [second, first]) await store().identities.insert(identity);
      expect(await store().identities.listOf(user.id)).toStrictEqual([first, second]);
      expect(await store().identities.listOf(newId())).toEqual([]);
    });

    it('belong to a user', async () => {
      await expect(store().identities.insert(anIdentity(newId()))).rejects.toThrow();
    });
  });

  describe('refresh families', () => {
    async function family(values: Parameters<typeof aFamily>[1] = {}) {
      const record = aFamily((await inserted()).id, values);
      await store().refreshFamilies.insert(record);
      return record;
    }

    it('finds by id, by current and by previous hash', async () => {
      const record = await family({
        previousHash: newDigest(),
        rotatedAt: at(1),
        userAgent: 'M/'.repeat(2000),
      });
      expect(await store().refreshFamilies.find(record.id)).toStrictEqual(record);
      expect(await store().refreshFamilies.findByHash(record.currentHash)).toStrictEqual(record);
      expect(await store().refreshFamilies.findByHash(String(record.previousHash))).toStrictEqual(record);
      expect(await store().refreshFamilies.findByHash(newDigest())).toBeNull();
      expect(await store().refreshFamilies.find(newId())).toBeNull();
    });

    it('rotates from the current hash only', async () => {
      const record = await family();
      const { id, currentHash } = record;
      const next = newDigest();
      expect(await store().refreshFamilies.rotate(id, newDigest(), next, at(1), at(9))).toBe(false);
      expect(await store().refreshFamilies.rotate(newId(), currentHash, next, at(1), at(9))).toBe(false);
      expect(await store().refreshFamilies.rotate(id, currentHash, next, at(1), at(9))).toBe(true);
      expect(await store().refreshFamilies.rotate(id, currentHash, newDigest(), at(2), at(9))).toBe(false);
      expect(await store().refreshFamilies.find(id)).toStrictEqual({
        ...record,
        currentHash: next,
        previousHash: currentHash,
        rotatedAt: at(1),
        expiresAt: at(9),
      });
    });

    it('lets one of many rotations win', async () => {
      const { id, currentHash } = await family();
      const won = await Promise.all(
        Array.from({ length: 8 }, () =>
          store().refreshFamilies.rotate(id, currentHash, newDigest(), at(1), at(9)),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
    });

    it('ends once, and does not rotate afterwards', async () => {
      const { id, currentHash } = await family();
      expect(await store().refreshFamilies.end(id, at(5))).toBe(true);
      expect(await store().refreshFamilies.end(id, at(6))).toBe(false);
      expect(await store().refreshFamilies.end(newId(), at(6))).toBe(false);
      expect((await store().refreshFamilies.find(id))?.endedAt).toEqual(at(5));
      expect(await store().refreshFamilies.rotate(id, currentHash, newDigest(), at(7), at(9))).toBe(false);
    });

    it('forgets those that ended or expired before', async () => {
      const old = new Date(0);
      await store().refreshFamilies.deleteDead(at(0));
      const kept = [await family(), await family({ endedAt: at(0), expiresAt: at(0) })];
      const dead = [await family({ endedAt: old }), await family({ expiresAt: old })];
      expect(await store().refreshFamilies.deleteDead(at(0))).toBe(2);
      for (const { id } of dead) expect(await store().refreshFamilies.find(id)).toBeNull();
      for (const { id } of kept) expect(await store().refreshFamilies.find(id)).not.toBeNull();
    });
  });
}
