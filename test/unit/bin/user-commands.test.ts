import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import request from 'supertest';
import { runUserCommand } from '../../../src/bin/user-commands';
import { API, makeUser, type TestUser } from '../../support/factories';
import { startFerry, type Ferry } from '../../support/ferry';

const PROJECT = path.resolve(__dirname, '../../..');

let directory: string;
let ferry: Ferry;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-user-'));
  ferry = await startFerry({ directory });
});

afterAll(async () => {
  await ferry.stop();
  await rm(directory, { recursive: true, force: true });
});

/** What the command prints. */
async function run(args: string[], password = ''): Promise<string[]> {
  const lines: string[] = [];
  await runUserCommand(args, {
    administration: ferry.services.administration,
    location: 'the database',
    readPassword: () => Promise.resolve(password),
    print: (line) => void lines.push(line),
  });
  return lines;
}

const rolesOf = async ({ id }: TestUser) => (await ferry.stores.sql.users.find(id))?.roles;

const login = (username: string, password: string) =>
  request(ferry.url).post(`${API}/auth/login`).send({ username, password });

it('list says when there is nobody', async () => {
  expect(await run(['list'])).toEqual(['There are no users in the database.']);
});

describe('with users', () => {
  let user: TestUser;

  beforeEach(async () => {
    user = await makeUser(ferry);
  });

  it('promote and demote give and take the role, once', async () => {
    expect(await run(['promote', user.username.toUpperCase()])).toEqual([
      `${user.username} is an admin now.`,
    ]);
    expect(await rolesOf(user)).toEqual(['user', 'admin']);
    expect(await run(['promote', user.id])).toEqual([`${user.username} is an admin already.`]);
    expect(await run(['demote', user.username])).toEqual([`${user.username} is an admin no longer.`]);
    expect(await run(['demote', user.username])).toEqual([`${user.username} is no admin.`]);
    expect(await rolesOf(user)).toEqual(['user']);
  });

  it('list shows every user in a line', async () => {
    await run(['promote', user.username]);
    const other = await makeUser(ferry);
    await ferry.services.administration.change(null, other.id, { suspended: true });
    const [first, second] = await run(['list']);
    const today = new Date().toISOString().slice(0, 10);
    expect(first).toBe(`${other.id}  ${today}  user   suspended  ${other.username}  ${other.username}`);
    expect(second).toBe(`${user.id}  ${today}  admin  active     ${user.username}  ${user.username}`);
  });

  it('list goes on after a hundred', async () => {
    const at = new Date();
    const made = { avatarFileId: null, epoch: 0, suspendedAt: null, createdAt: at, updatedAt: at };
    for (let i = 0; i < 101; i += 1) {
      const id = `0${String(i).padStart(3, '0')}`;
      await ferry.stores.sql.users.insert({ ...made, id, username: null, displayName: id, roles: ['user'] });
    }
    const lines = await run(['list']);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.filter((line) => /^0\d{3} /.test(line))).toHaveLength(101);
  });

  it('list lets no name command the terminal', async () => {
    const named = request(ferry.url).patch(`${API}/users/me`).set(user.auth);
    await named.send({ displayName: 'a\u001b]0;x\u0007\nb\u202e' }).expect(200);
    const [line] = await run(['list']);
    expect(line).toMatch(/a\ufffd\]0;x\ufffd\ufffdb\ufffd$/);
  });

  it('password sets one, and ends every sign-in', async () => {
    const lines = await run(['password', user.username], 'another password');
    expect(lines).toEqual([`${user.username} has a new password; every sign-in has ended.`]);
    await login(user.username, user.password).expect(401);
    await login(user.username, 'another password').expect(200);
    await request(ferry.url).get(`${API}/users/me`).set(user.auth).expect(401);
  });

  it('password refuses one that is too short, and changes nothing', async () => {
    await expect(run(['password', user.username], 'short')).rejects.toThrow(
      'The password should have 8 to 256 bytes.',
    );
    await login(user.username, user.password).expect(200);
  });

  it('password has nothing to set for a user of WeChat', async () => {
    const identity = { provider: 'wechat:wx1', subject: 'openid' };
    const { userId } = await ferry.services.accounts.findOrCreate([identity], 'Han');
    await expect(run(['password', userId], 'another password')).rejects.toThrow(
      'This user signs in without a password.',
    );
  });

  it.each([['promote'], ['demote'], ['password']])('%s says when there is no such user', async (command) => {
    await expect(run([command, 'nobody'])).rejects.toThrow('There is no such user.');
  });

  it.each([
    [[]],
    [['promote']],
    [['list', 'somebody']],
    [['promote', 'a', 'b']],
    [['delete', 'a']],
    [['constructor', 'a']],
  ])('%j is answered by the usage', async (args) => {
    await expect(run(args)).rejects.toThrow(/^Usage: npm run user/);
  });
});

describe('the command itself', () => {
  async function command(args: string[], input = ''): Promise<{ code: number; out: string; error: string }> {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', path.join(PROJECT, 'src/bin/user.ts'), ...args],
      {
        cwd: PROJECT,
        env: { PATH: process.env['PATH'], DATA_DIR: path.join(directory, 'data') },
      },
    );
    child.stdin.end(input);
    const exit = once(child, 'exit') as Promise<[number]>;
    const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
    return { code, out, error };
  }

  it('works on the database of a Ferry that runs, and reads a password from standard input', async () => {
    const user = await makeUser(ferry);
    expect(await command(['promote', user.username])).toEqual({
      code: 0,
      out: `${user.username} is an admin now.\n`,
      error: '',
    });
    await request(ferry.url).get(`${API}/admin/users`).set(user.auth).expect(200);
    const { code, out } = await command(['password', user.username], 'from a pipe\n');
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('new password') as string });
    await request(ferry.url).get(`${API}/users/me`).set(user.auth).expect(401);
    await login(user.username, 'from a pipe').expect(200);
  });

  it('tells failures apart by its exit code', async () => {
    expect(await command(['promote', 'nobody'])).toEqual({
      code: 1,
      out: '',
      error: 'There is no such user.\n',
    });
    const usage = await command(['frobnicate']);
    expect(usage).toMatchObject({ code: 2, out: '' });
    expect(usage.error).toMatch(/^Usage: /);
  });
});
