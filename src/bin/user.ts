import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { readConfig } from '../config';
import { openSql } from '../models/stores';
import { createAdministration } from '../services/administration';
import { createPasswords } from '../services/passwords';
import { runUserCommand, UsageError } from './user-commands';

/** Users from the command line, on the database of the settings, whether Ferry runs or not. */
async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const sql = await openSql(readConfig(process.env));
  try {
    await sql.migrate();
    const administration = createAdministration({
      sql,
      passwords: createPasswords({ concurrency: 1, waiting: 0 }),
      // A Ferry that runs finds out when the sign-ins are used next: nobody listens to this process.
      events: { publish: () => Promise.resolve() },
      now: () => new Date(),
    });
    await runUserCommand(process.argv.slice(2), {
      administration,
      location: sql.location ?? sql.form,
      readPassword,
      print: (line) => process.stdout.write(`${line}\n`),
    });
  } finally {
    await sql.close();
  }
}

/** One line of what comes in, or what is typed, twice, without being shown. */
async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '');
  const password = await ask('New password: ');
  if ((await ask('Again: ')) !== password) throw new Error('The two are not the same; nothing has changed.');
  return password;
}

function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({
    write: (chunk, encoding, done) => {
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  return new Promise<string>((resolve, reject) => {
    terminal.once('line', resolve);
    terminal.once('close', () => {
      process.stderr.write('\n');
      reject(new Error('No password was given; nothing has changed.'));
    });
    terminal.once('line', () => {
      terminal.close();
    });
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
