import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** The installed project: where its files lie, and which version it is. */
export interface Project {
  directory: string;
  version: string;
}

/** Reads package.json beside `src`, or beside what is built of it. */
export function readProject(): Project {
  const directory = path.resolve(__dirname, '..');
  const manifest: unknown = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
  return { directory, version: z.object({ version: z.string() }).parse(manifest).version };
}
