/**
 * The measurements: `npm run bench` for all of them, `npm run bench downloads` for one. What they printed last is kept
 * in results.md.
 */
import { benchDocuments } from './documents';
import { benchDownloads } from './downloads';
import { benchPasswords } from './passwords';
import { benchRealtime } from './realtime';
import { benchStart } from './start';
import { benchOpenUploads } from './open-uploads';
import { benchUploadLoad } from './upload-load';
import { benchUploads } from './uploads';

const benches: Record<string, () => Promise<string>> = {
  start: benchStart,
  passwords: benchPasswords,
  uploads: benchUploads,
  'upload-load': benchUploadLoad,
  'open-uploads': benchOpenUploads,
  downloads: benchDownloads,
  documents: benchDocuments,
  realtime: benchRealtime,
};

async function main(names: string[]): Promise<void> {
  for (const name of names.length > 0 ? names : Object.keys(benches)) {
    const bench = benches[name];
    if (!bench) throw new Error(`there is no measurement ${name}, but ${Object.keys(benches).join(', ')}`);
    console.log(await bench());
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
