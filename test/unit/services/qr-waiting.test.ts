import type { QrSignIns, QrState } from '../../../src/services/qr';
import { QrBench } from '../../support/qr-bench';

const LONG = 600_000;
const never = new AbortController().signal;

let bench: QrBench;

const wait = (service: QrSignIns, known?: QrState, ms = LONG, signal = never) =>
  service.lookAfterChange(bench.made.id, bench.made.claimSecret, { known, ms, signal });

/** Until so many requests wait; they get there by themselves. */
async function untilWaiting(service: QrSignIns, count: number): Promise<void> {
  while (service.waiting !== count) await new Promise(setImmediate);
}

beforeEach(async () => {
  bench = await QrBench.create();
});

afterEach(() => bench.keyvalue.close());

describe('waiting for a change of a sign-in by QR code', () => {
  it('is answered by every change at once', async () => {
    const { qr } = bench;
    const steps: [() => Promise<unknown>, QrState, QrState][] = [
      [bench.scan, 'created', 'scanned'],
      [bench.approve, 'scanned', 'confirmed'],
      [bench.refuse, 'confirmed', 'cancelled'],
    ];
    for (const [step, known, expected] of steps) {
      const waiting = [wait(qr, known), wait(qr)];
      await untilWaiting(qr, 2);
      await step();
      expect((await Promise.all(waiting)).map((view) => view.state)).toEqual([expected, expected]);
      expect(qr.waiting).toBe(0);
    }
  });

  it('does not happen for who knows something else', async () => {
    await bench.scan();
    expect((await wait(bench.qr, 'created')).state).toBe('scanned');
    await bench.refuse();
    expect((await wait(bench.qr, 'scanned')).state).toBe('cancelled');
  });

  it.each<[QrState, () => unknown]>([
    ['cancelled', () => bench.scan().then(() => bench.refuse())],
    ['expired', () => bench.expire()],
    ['expired', () => bench.confirm().then(bench.claim)],
  ])('does not happen where nothing can change any more: %s', async (state, way) => {
    await way();
    expect((await wait(bench.qr, state)).state).toBe(state);
  });

  it('ends with its time', async () => {
    expect((await wait(bench.qr, 'created', 5)).state).toBe('created');
  });

  it('ends when the client goes', async () => {
    const { qr } = bench;
    const gone = new AbortController();
    const waiting = wait(qr, 'created', LONG, gone.signal);
    await untilWaiting(qr, 1);
    gone.abort();
    expect((await waiting).state).toBe('created');
    expect(qr.waiting).toBe(0);
  });

  it('sees what another process does, and expiry', async () => {
    const other = bench.service(1);
    const waiting = wait(other);
    await untilWaiting(other, 1);
    await bench.scan();
    expect((await waiting).state).toBe('scanned');
    const next = wait(other, 'scanned');
    await untilWaiting(other, 1);
    bench.expire();
    expect((await next).state).toBe('expired');
  });

  it('ends when the process is about to stop', async () => {
    const { qr } = bench;
    const waiting = wait(qr);
    await untilWaiting(qr, 1);
    qr.drain();
    expect((await waiting).state).toBe('created');
    expect((await wait(qr)).state).toBe('created');
  });
});
