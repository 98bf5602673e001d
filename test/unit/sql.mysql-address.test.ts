import { locationOf, parseMysqlUrl } from '../../src/models/sql/mysql-address';

const base = { host: 'db', port: 3306, database: 'ferry', username: 'me', password: '', tls: null };

describe('the URL of a MySQL database', () => {
  it.each([
    ['mysql://me@db/ferry', base],
    ['mariadb://me@db:3307/ferry', { ...base, port: 3307 }],
    ['mysql://me:p%40ss%2F%3A@db/ferry', { ...base, password: 'p@ss/:' }],
    ['mysql://m%3Ae@db/fer%20ry', { ...base, username: 'm:e', database: 'fer ry' }],
    ['mysql://me@[::1]:3306/ferry', { ...base, host: '::1' }],
    ['mysql://me@db/ferry?ssl-mode=DISABLED', base],
    ['mysql://me@db/ferry?ssl-mode=REQUIRED', { ...base, tls: { rejectUnauthorized: false } }],
    ['mysql://me@db/ferry?ssl-mode=VERIFY_CA', { ...base, tls: { rejectUnauthorized: true } }],
    [
      'mysql://me@db/ferry?ssl-mode=VERIFY_IDENTITY',
      { ...base, tls: { rejectUnauthorized: true, verifyIdentity: true } },
    ],
  ])('%s', (url, address) => {
    expect(parseMysqlUrl(url)).toEqual(address);
  });

  it.each([
    '',
    'ferry',
    'postgres://me@db/ferry',
    'mysql://db/ferry',
    'mysql://me@db',
    'mysql://me@db/',
    'mysql://me@db/a/b',
    'mysql://me@/ferry',
    'mysql://me@db:99999/ferry',
    'mysql://me@db/%zz',
    'mysql://me@db/ferry#x',
    'mysql://me@db/ferry?ssl-mode=perhaps',
    'mysql://me@db/ferry?ssl-mode=toString',
    'mysql://me@db/ferry?multipleStatements=true',
    'mysql://me@db/fer ry',
  ])('is not %j', (url) => {
    expect(parseMysqlUrl(url)).toBeNull();
  });

  it.each([
    ['mysql://me:secret@db/ferry?ssl-mode=REQUIRED', 'mysql://db:3306/ferry'],
    ['mysql://me:secret@[::1]:3307/ferry', 'mysql://[::1]:3307/ferry'],
  ])('%s is shown without its credentials', (url, location) => {
    const address = parseMysqlUrl(url);
    expect(address && locationOf(address)).toBe(location);
  });
});
