import { randomBytes } from 'node:crypto';
import { appendFile, truncate } from 'node:fs/promises';
import { until } from '../contract/until';
import { sha256Of } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { StaticProject } from '../support/static';
import { onWire, requestHead, Wire } from '../support/wire';

const MIB = 2 ** 20;
/** More than the kernel keeps of one connection on its way (`tcp_wmem`, `tcp_rmem`). */
const LARGE = 64 * MIB;
const SMALL = Buffer.from('small');

describe('static files in transfer', () => {
  let ferry: Ferry;
  let project: StaticProject;
  const bytes = Buffer.concat(Array<Buffer>(LARGE / MIB).fill(randomBytes(MIB)));

  beforeAll(async () => {
    project = await StaticProject.make();
    await project.put('small.bin', SMALL);
    await project.put('style.css', Buffer.alloc(5000, 'a'));
    ferry = await startFerry({ project: project.directory });
  });

  beforeEach(() => project.put('huge.bin', bytes));

  afterAll(async () => {
    await ferry.stop();
    await project.remove();
  });

  /** A client that has the beginning of the answer and reads no further. */
  async function beginning(next = ''): Promise<Wire> {
    const wire = await Wire.connect(ferry);
    await wire.send(requestHead('GET', '/huge.bin') + next);
    await wire.begun();
    wire.socket.pause();
    return wire;
  }

  it('to thirty clients that go away leave no descriptor open', async () => {
    ferry.logged.length = 0;
    const wires = await Promise.all(Array.from({ length: 30 }, () => beginning()));
    expect(await project.open()).toBe(30);
    for (const [index, wire] of wires.entries()) {
      if (index % 2 === 0) wire.socket.resetAndDestroy();
      else wire.destroy();
    }
    await until(async () => (await project.open()) === 0);
    expect(ferry.logged.filter(({ level }) => level === 50)).toEqual([]);
  });

  it('to clients that go away at once leave no descriptor open', async () => {
    for (const target of ['/huge.bin', '/style.css', '/small.bin']) {
      const wire = await Wire.connect(ferry);
      wire.socket.write(requestHead('GET', target).repeat(5));
      wire.destroy();
    }
    expect((await onWire(ferry, 'GET', '/small.bin')).body).toEqual(SMALL);
    await until(async () => (await project.open()) === 0);
  });

  it('end as they began when they are appended to', async () => {
    const wire = await beginning(requestHead('GET', '/small.bin'));
    await appendFile(project.at('huge.bin'), Buffer.alloc(MIB));
    wire.socket.resume();
    expect(sha256Of((await wire.answer()).body)).toBe(sha256Of(bytes));
    expect((await wire.answer()).body).toEqual(SMALL);
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
  });

  it('break off when they are truncated', async () => {
    const wire = await beginning(requestHead('GET', '/small.bin'));
    await truncate(project.at('huge.bin'), MIB);
    wire.socket.resume();
    await expect(wire.answer()).rejects.toThrow('the connection ended');
    await until(async () => (await project.open()) === 0);
  });
});
