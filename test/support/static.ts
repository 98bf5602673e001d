import { mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A project whose `public` is a folder of the test's own. */
export class StaticProject {
  private constructor(readonly directory: string) {}

  static async make(): Promise<StaticProject> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-static-'));
    await symlink(path.join(__dirname, '../../views'), path.join(directory, 'views'));
    return new StaticProject(directory);
  }

  /** Where a file of `public` lies. */
  at(name: string): string {
    return path.join(this.directory, 'public', name);
  }

  async put(name: string, content: string | Buffer): Promise<void> {
    await mkdir(path.dirname(this.at(name)), { recursive: true });
    await writeFile(this.at(name), content);
  }

  /** How many descriptors of this process are open on its files. */
  async open(): Promise<number> {
    const links = (await readdir('/proc/self/fd')).map((fd) =>
      readlink(`/proc/self/fd/${fd}`).catch(() => ''),
    );
    return (await Promise.all(links)).filter((link) => link.startsWith(this.directory)).length;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
