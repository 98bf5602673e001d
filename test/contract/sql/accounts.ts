import { Conflict } from '../../../src/errors';
import type { SqlStore } from '../../../src/models/sql';
import { aSignIn, anIdentity, at, aUser, newDigest, newId } from './records';

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
      const patch = {
        displayName: 'Other',
        roles: ['admin' as const],
        epoch: 7,
        avatarFileId: 'f',
        suspendedAt: at(3),
      };
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

    it('lists newest first, page by page, and finds literal parts of both names in any case', async () => {
      const mark = newId();
      const users = [
        aUser({ id: `${mark}1`, username: `Li.${mark}`, displayName: '李雷' }),
        aUser({ id: `${mark}2`, displayName: `100% ${mark.toUpperCase()}_ÄÖ` }),
        aUser({ id: `${mark}3`, username: `han${mark}`, displayName: 'Han' }),
      ];
      for (const user of users) await store().users.insert(user);
      const list = async (q: string | undefined, limit = 10, before: string | null = null) =>
        (await store().users.list({ limit, before, ...(q !== undefined && { q }) })).map(({ id }) =>
          id.replace(mark, ''),
        );
      expect(await list(mark)).toEqual(['3', '2', '1']);
      expect(await list(mark, 2)).toEqual(['3', '2']);
      expect(await list(mark, 2, `${mark}2`)).toEqual(['1']);
      expect(await list(`LI.${mark}`)).toEqual(['1']);
      expect(await list(`% ${mark}_äö`)).toEqual(['2']);
      expect(await list(`%${mark}`)).toEqual([]);
      expect(await list(undefined, 100)).toEqual(expect.arrayContaining(['1', '2', '3']));
      expect(await store().users.list({ limit: 1, before: null, q: `han${mark}` })).toStrictEqual([users[2]]);
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

    it('change their secret', async () => {
      const identity = anIdentity((await inserted()).id, { secret: 'old' });
      await store().identities.insert(identity);
      const { provider, subject } = identity;
      expect(await store().identities.setSecret(provider, subject, 'new')).toBe(true);
      expect(await store().identities.setSecret(provider, newId(), 'new')).toBe(false);
      expect(await store().identities.find(provider, subject)).toStrictEqual({ ...identity, secret: 'new' });
    });

    it('go one by one', async () => {
      const user = await inserted();
      const [gone, left] = [anIdentity(user.id), anIdentity(user.id)];
      for (const identity of [gone, left]) await store().identities.insert(identity);
      expect(await store().identities.delete(gone.provider, gone.subject)).toBe(true);
      expect(await store().identities.delete(gone.provider, gone.subject)).toBe(false);
      expect(await store().identities.listOf(user.id)).toStrictEqual([left]);
    });

    it('belong to a user', async () => {
      await expect(store().identities.insert(anIdentity(newId()))).rejects.toThrow();
    });
  });

  describe('sign-ins', () => {
    async function signIn(values: Parameters<typeof aSignIn>[1] = {}) {
      const record = aSignIn((await inserted()).id, values);
      await store().signIns.insert(record);
      return record;
    }

    const step = (from: string | null, values = {}) => ({
      from: String(from),
      to: newDigest(),
      chainKey: 'a key',
      rotations: 1,
      at: at(1),
      expiresAt: at(9),
      ...values,
    });

    it.each([
      ['of a program', { kind: 'tokens', rotatedAt: at(1), userAgent: 'M/'.repeat(2000) }],
      ['of a browser', { kind: 'browser', currentHash: null }],
    ] as const)('finds one %s', async (_, values) => {
      const record = await signIn(values);
      expect(await store().signIns.find(record.id)).toStrictEqual(record);
      expect(await store().signIns.find(newId())).toBeNull();
    });

    it('allows many without a token', async () => {
      for (let i = 0; i < 3; i += 1) await signIn({ kind: 'browser', currentHash: null });
    });

    it('lists those of a user that are alive, newest first', async () => {
      const { userId, ...first } = await signIn();
      const [second, ended, expired] = [
        aSignIn(userId),
        aSignIn(userId, { endedAt: at(0) }),
        aSignIn(userId, { expiresAt: at(5) }),
      ];
      for (const record of [second, ended, expired]) await store().signIns.insert(record);
      await signIn();
      const alive = (await store().signIns.listAlive(userId, at(5))).map(({ id }) => id);
      expect(alive).toEqual([first.id, second.id].sort().reverse());
    });

    it('rotates from the current hash only', async () => {
      const record = await signIn();
      const { id, currentHash } = record;
      const rotation = step(currentHash);
      expect(await store().signIns.rotate(id, step(newDigest()))).toBe(false);
      expect(await store().signIns.rotate(newId(), rotation)).toBe(false);
      expect(await store().signIns.rotate(id, rotation)).toBe(true);
      expect(await store().signIns.rotate(id, step(currentHash))).toBe(false);
      expect(await store().signIns.find(id)).toStrictEqual({
        ...record,
        currentHash: rotation.to,
        chainKey: 'a key',
        rotations: 1,
        rotatedAt: at(1),
        expiresAt: at(9),
      });
    });

    it('lets one of many rotate', async () => {
      const { id, currentHash } = await signIn();
      const rotated = await Promise.all(
        Array.from({ length: 10 }, () => store().signIns.rotate(id, step(currentHash))),
      );
      expect(rotated.filter(Boolean)).toHaveLength(1);
    });

    it('ends once, and neither rotates nor lasts longer after that', async () => {
      const { id, currentHash } = await signIn();
      expect(await store().signIns.prolong(id, at(90))).toBe(true);
      expect((await store().signIns.find(id))?.expiresAt).toEqual(at(90));
      expect(await store().signIns.end(id, at(5))).toBe(true);
      expect(await store().signIns.end(id, at(6))).toBe(false);
      expect(await store().signIns.end(newId(), at(6))).toBe(false);
      expect((await store().signIns.find(id))?.endedAt).toEqual(at(5));
      expect(await store().signIns.rotate(id, step(currentHash))).toBe(false);
      expect(await store().signIns.prolong(id, at(99))).toBe(false);
    });

    it('forgets those that ended or expired before', async () => {
      const old = new Date(0);
      await store().signIns.deleteDead(at(0));
      const kept = [await signIn(), await signIn({ endedAt: at(0), expiresAt: at(0) })];
      const dead = [await signIn({ endedAt: old }), await signIn({ expiresAt: old })];
      expect(await store().signIns.deleteDead(at(0))).toBe(2);
      for (const { id } of dead) expect(await store().signIns.find(id)).toBeNull();
      for (const { id } of kept) expect(await store().signIns.find(id)).not.toBeNull();
    });
  });
}
