import { randomBytes } from 'node:crypto';
import { appendFile, open, rename, rm, truncate } from 'node:fs/promises';
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

  it.each<[string, () => Promise<unknown>]>([
    ['appended to', () => appendFile(project.at('huge.bin'), Buffer.alloc(MIB))],
    ['unlinked', () => rm(project.at('huge.bin'))],
    [
      'replaced',
      async () => {
        await project.put('huge.new', Buffer.alloc(LARGE, 'y'));
        await rename(project.at('huge.new'), project.at('huge.bin'));
      },
    ],
  ])('end as they began when they are %s', async (_what, change) => {
    const wire = await beginning(requestHead('GET', '/small.bin'));
    await change();
    wire.socket.resume();
    expect(sha256Of((await wire.answer()).body)).toBe(sha256Of(bytes));
    expect((await wire.answer()).body).toEqual(SMALL);
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
    await until(async () => (await project.open()) === 0);
  });

  it('break off when they are truncated', async () => {
    const wire = await beginning(requestHead('GET', '/small.bin'));
    await truncate(project.at('huge.bin'), MIB);
    wire.socket.resume();
    await expect(wire.answer()).rejects.toThrow('the connection ended');
    await until(async () => (await project.open()) === 0);
  });

  it('are exact beyond 4 GiB', async () => {
    const size = 5 * 2 ** 30;
    await project.put('sparse.bin', '');
    const handle = await open(project.at('sparse.bin'), 'r+');
    await handle.write(Buffer.from('here'), 0, 4, 2 ** 32);
    await handle.truncate(size);
    await handle.close();
    const ask = (range: string) => onWire(ferry, 'GET', '/sparse.bin', [['Range', range]]);
    const part = await ask('bytes=4294967296-4294967299');
    expect([part.status, part.body.toString()]).toEqual([206, 'here']);
    expect(part.headers['content-range']).toBe(`bytes 4294967296-4294967299/${size}`);
    expect((await ask('bytes=4294967295-4294967300')).body.toString()).toBe('\0here\0');
    expect((await ask('bytes=-1')).body.toString()).toBe('\0');
    expect((await onWire(ferry, 'HEAD', '/sparse.bin')).headers['content-length']).toBe(String(size));
  });

  it('go out in order when twenty ranges are asked for at once', async () => {
    const wire = await Wire.connect(ferry);
    const ranges = Array.from({ length: 20 }, (_, i) => [(i * 331) % 900, ((i * 331) % 900) + i] as const);
    const head = ([first, last]: readonly [number, number]) =>
      requestHead('GET', '/huge.bin', [['Range', `bytes=${first}-${last}`]]);
    await wire.send(ranges.map(head).join(''));
    for (const [first, last] of ranges) {
      const answer = await wire.answer();
      expect([answer.status, answer.headers['content-range']]).toEqual([
        206,
        `bytes ${first}-${last}/${LARGE}`,
      ]);
      expect(answer.body).toEqual(bytes.subarray(first, last + 1));
    }
    expect(wire.surplus).toHaveLength(0);
    wire.destroy();
  });

  it('go to clients of HTTP/1.0, ranges included', async () => {
    const nothing = Buffer.alloc(0);
    const part = await onWire(ferry, 'GET', '/huge.bin', [['Range', 'bytes=5-9']], nothing, '1.0');
    expect([part.status, part.body]).toEqual([206, bytes.subarray(5, 10)]);
    expect((await onWire(ferry, 'GET', '/small.bin', [], nothing, '1.0')).body).toEqual(SMALL);
  });

  it('are not asked for by a header that is too large, or has a control byte in it', async () => {
    const ask = async (range: string) =>
      (await onWire(ferry, 'GET', '/small.bin', [['Range', `bytes=${range}`]])).status;
    expect(await ask(`${'0-1,'.repeat(5000)}0-1`)).toBe(431);
    expect(await ask('0-\x014')).toBe(400);
  });
});
