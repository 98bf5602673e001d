import { Conflict, Unavailable } from '../../../src/errors';
import type { SqlStore, Tables } from '../../../src/models/sql';
import { createExternalIdentities } from '../../../src/services/external-identities';

const OPENID = { provider: 'wechat:wx1', subject: 'o-lilei' };

/** A store in which transactions go wrong with these errors, one after another, and then well. */
function storeWith(errors: Error[]) {
  const found = jest.fn(() => Promise.resolve({ userId: 'made meanwhile' }));
  const tables = { identities: { find: found } } as unknown as Tables;
  const transaction = jest.fn((work: (tables: Tables) => Promise<unknown>) => {
    const error = errors.shift();
    return error ? Promise.reject(error) : work(tables);
  });
  const sql = { transaction } as unknown as SqlStore;
  return { transaction, identities: createExternalIdentities({ sql, now: () => new Date() }) };
}

it('looks again when somebody else took an identity at the same moment', async () => {
  const { identities, transaction } = storeWith([new Conflict('taken'), new Conflict('taken')]);
  expect(await identities.findOrCreate([OPENID], 'Li Lei')).toEqual({
    userId: 'made meanwhile',
    created: false,
  });
  expect(transaction).toHaveBeenCalledTimes(3);
});

it.each<[string, Error, number]>([
  ['a conflict that stays', new Conflict('taken'), 3],
  ['any other error', new Unavailable('down'), 1],
])('gives up on %s', async (_, error, attempts) => {
  const { identities, transaction } = storeWith(Array<Error>(9).fill(error));
  await expect(identities.findOrCreate([OPENID], 'Li Lei')).rejects.toBe(error);
  expect(transaction).toHaveBeenCalledTimes(attempts);
});
