import { DownloadBudgets } from '../../../src/services/download-budgets';
import { StillAlarms } from '../../support/alarms';

const RATE = 1000;
/** Pieces are a twentieth of a second's worth. */
const PIECE = 50;

let alarms: StillAlarms;
let budgets: DownloadBudgets;

beforeEach(() => {
  alarms = new StillAlarms();
  budgets = new DownloadBudgets({ bytesPerSecond: RATE, alarms });
});

/** One connection, which takes whatever it gets. */
class Download {
  readonly pieces: Uint8Array[] = [];
  error: unknown;
  /** Whether the source was closed. */
  closed = false;
  private readonly gone = new AbortController();

  constructor(downloader: string, size: number, sourcePiece = size) {
    void this.take(budgets.pace(downloader, this.source(size, sourcePiece), this.gone.signal));
  }

  get bytes(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }

  leave(): void {
    this.gone.abort(new Error('gone'));
  }

  private async *source(size: number, piece: number): AsyncGenerator<Uint8Array> {
    try {
      for (let start = 0; start < size; start += piece) {
        yield await Promise.resolve(Buffer.alloc(Math.min(piece, size - start), start));
      }
    } finally {
      this.closed = true;
    }
  }

  private async take(paced: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of paced) this.pieces.push(piece);
    } catch (error) {
      this.error = error;
    }
  }
}

it('lets a second’s worth go at once, then as much in every second, evenly', async () => {
  const download = new Download('one', 3000);
  await alarms.pass(0);
  expect(download.bytes).toBe(RATE);
  for (let at = 50; at <= 2000; at += 50) {
    await alarms.pass(50);
    expect(download.bytes).toBe(RATE + at);
  }
  expect(download.closed).toBe(true);
  expect(new Set(download.pieces.map(({ length }) => length))).toEqual(new Set([PIECE]));
});

it.each([1, 7, 50, 51, 1000, 2500])('passes every byte on, in sources of pieces of %d', async (piece) => {
  const download = new Download('one', 2500, piece);
  const whole = Buffer.alloc(2500);
  for (let start = 0; start < 2500; start += piece) whole.fill(start, start);
  await alarms.pass(10_000);
  expect(Buffer.concat(download.pieces)).toEqual(whole);
  expect(Math.max(...download.pieces.map(({ length }) => length))).toBeLessThanOrEqual(PIECE);
});

it('shares a budget among the connections of one downloader, and not with another one', async () => {
  const own = [new Download('one', 10_000), new Download('one', 10_000), new Download('one', 10_000)];
  const other = new Download('other', 10_000);
  await alarms.pass(2000);
  const shares = own.map(({ bytes }) => bytes);
  expect(shares.reduce((sum, bytes) => sum + bytes)).toBe(3 * RATE);
  for (const share of shares) expect(Math.abs(share - RATE)).toBeLessThanOrEqual(PIECE);
  expect(other.bytes).toBe(3 * RATE);
});

it('gives a connection that comes later as much as those before it', async () => {
  const early = new Download('one', 10_000);
  await alarms.pass(1000);
  const before = early.bytes;
  const late = new Download('one', 10_000);
  await alarms.pass(1000);
  expect(Math.abs(late.bytes - (early.bytes - before))).toBeLessThanOrEqual(PIECE);
  expect(early.bytes + late.bytes).toBe(3 * RATE);
});

it('gives the share of a connection that leaves to the others', async () => {
  const [leaving, staying] = [new Download('one', 10_000), new Download('one', 10_000)];
  await alarms.pass(1000);
  const before = [leaving.bytes, staying.bytes];
  leaving.leave();
  await alarms.pass(1000);
  expect([leaving.bytes, staying.bytes]).toEqual([before[0], before[1]! + RATE]);
  expect(leaving.error).toEqual(new Error('gone'));
  expect([leaving.closed, staying.closed]).toEqual([true, false]);
});

it('gives nothing to who had left before', async () => {
  const download = new Download('one', 100);
  download.leave();
  await alarms.pass(1000);
  expect([download.bytes, download.error]).toEqual([0, new Error('gone')]);
});

it('sets one alarm for each downloader, and none for one that is idle, of whom it forgets all', async () => {
  const downloads = Array.from({ length: 50 }, (_, i) => new Download(`user ${i % 2}`, 1000));
  await alarms.pass(100);
  expect([budgets.size, alarms.size]).toEqual([2, 2]);
  for (const download of downloads.slice(0, 40)) download.leave();
  await alarms.pass(0);
  expect([budgets.size, alarms.size]).toEqual([2, 2]);
  for (const download of downloads) download.leave();
  await alarms.pass(1000);
  expect([budgets.size, alarms.size]).toEqual([0, 0]);
});

it('remembers what was used while a downloader comes and goes', async () => {
  await alarms.pass(100);
  let bytes = 0;
  for (let turn = 0; turn < 30; turn += 1) {
    const download = new Download('one', 100);
    await alarms.pass(50);
    download.leave();
    await alarms.pass(0);
    bytes += download.bytes;
  }
  expect(bytes).toBeLessThanOrEqual(RATE + 1500);
  expect(bytes).toBeGreaterThanOrEqual(RATE + 1500 - PIECE);
});

it('works for budgets of less than a piece, and of more than the network', async () => {
  budgets = new DownloadBudgets({ bytesPerSecond: 1, alarms });
  const slow = new Download('one', 10);
  await alarms.pass(3000);
  expect(slow.bytes).toBe(4);
  budgets = new DownloadBudgets({ bytesPerSecond: 10 ** 12, alarms });
  const fast = new Download('one', 2 ** 20);
  await alarms.pass(0);
  expect([fast.bytes, fast.pieces.length]).toEqual([2 ** 20, 4]);
});
