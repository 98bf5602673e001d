import type { UserRecord } from '../models/sql';
import { newPassword } from '../schemas/credentials';
import type { Administration } from '../services/administration';

/** The command is not one of these. */
export class UsageError extends Error {
  constructor() {
    super(`Usage: npm run user -- <command>
  list             shows all users, newest first
  promote NAME     makes a user an admin
  demote NAME      makes an admin an ordinary user
  password NAME    sets a new password, read from the terminal or from standard input; every sign-in ends
NAME is the name that the user signs in with, or the id of the user.`);
  }
}

/** What a command works with. */
export interface UserTools {
  administration: Administration;
  /** Where the users are kept, for people. */
  location: string;
  readPassword: () => Promise<string>;
  print: (line: string) => void;
}

/** Does what the command line says. @throws {UsageError}, errors of `Administration`, `Error` for a bad password */
export async function runUserCommand(args: string[], tools: UserTools): Promise<void> {
  const [command = '', name, ...more] = args;
  if (command === 'list' && name === undefined) return list(tools);
  const run = new Map(Object.entries({ promote, demote, password })).get(command);
  if (!run || name === undefined || more.length > 0) throw new UsageError();
  return run(await tools.administration.find(name), tools);
}

async function list({ administration, location, print }: UserTools): Promise<void> {
  let before: string | null = null;
  do {
    const users: UserRecord[] = await administration.list({ limit: 100, before });
    if (users.length === 0 && before === null) print(`There are no users in ${location}.`);
    for (const user of users) print(describe(user));
    before = users.at(-1)?.id ?? null;
  } while (before !== null);
}

function describe(user: UserRecord): string {
  const created = user.createdAt.toISOString().slice(0, 10);
  const role = user.roles.includes('admin') ? 'admin' : 'user ';
  const state = user.suspendedAt ? 'suspended' : 'active   ';
  return `${user.id}  ${created}  ${role}  ${state}  ${nameOf(user)}  ${printable(user.displayName)}`;
}

async function promote(user: UserRecord, { administration, print }: UserTools): Promise<void> {
  if (user.roles.includes('admin')) {
    print(`${nameOf(user)} is an admin already.`);
    return;
  }
  await administration.change(null, user.id, { roles: ['user', 'admin'] });
  print(`${nameOf(user)} is an admin now.`);
}

async function demote(user: UserRecord, { administration, print }: UserTools): Promise<void> {
  if (!user.roles.includes('admin')) {
    print(`${nameOf(user)} is no admin.`);
    return;
  }
  await administration.change(null, user.id, { roles: ['user'] });
  print(`${nameOf(user)} is an admin no longer.`);
}

async function password(user: UserRecord, tools: UserTools): Promise<void> {
  const given = newPassword.safeParse(await tools.readPassword());
  if (!given.success) throw new Error(`The password ${given.error.issues[0]?.message ?? 'is not valid'}.`);
  await tools.administration.setPassword(user.id, given.data);
  tools.print(`${nameOf(user)} has a new password; every sign-in has ended.`);
}

function nameOf({ id, username }: UserRecord): string {
  return username === null ? id : printable(username);
}

/** People choose their display names, and a terminal obeys control characters. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{fffd}');
}
