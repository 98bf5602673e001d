/** Every measurement, a line each: `npm run bench`. What it printed last is kept in results.md. */
import { benchPasswords } from './passwords';
import { benchStart } from './start';
import { benchUpload } from './upload';

async function main(): Promise<void> {
  for (const bench of [benchStart, benchPasswords, benchUpload]) console.log(await bench());
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
