import { randomBytes } from 'node:crypto';
import { until } from '../contract/until';
import { StillAlarms } from '../support/alarms';
import { makeFile, makeUser, type TestFile, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { makeLink } from '../support/links';
import { requestHead, Wire, type HeaderLines } from '../support/wire';

const KIB = 1024;
/** Bytes per second. */
const RATE = 100 * KIB;
/** The largest piece at that rate. */
const PIECE = RATE / 20;
const SIZE = 1000 * KIB;

let ferry: Ferry;
let alarms: StillAlarms;
let one: TestUser;
let other: TestUser;
let file: TestFile;
const wires: Wire[] = [];

beforeEach(async () => {
  alarms = new StillAlarms();
  ferry = await startFerry({
    settings: { DOWNLOAD_BYTES_PER_SECOND: '100KiB', TRUSTED_PROXIES: '127.0.0.1' },
    alarms,
  });
  [one, other] = [await makeUser(ferry), await makeUser(ferry)];
  file = await makeFile(ferry, one, { bytes: randomBytes(SIZE), visibility: 'public' });
});

afterEach(async () => {
  for (const wire of wires.splice(0)) wire.destroy();
  await ferry.stop();
});

async function download(lines: HeaderLines, target = file.contentUrl): Promise<Wire> {
  const wire = await Wire.connect(ferry);
  wires.push(wire);
  await wire.send(requestHead('GET', target, lines));
  return wire;
}

const as = (user: TestUser): HeaderLines => [['Authorization', user.auth.Authorization]];
const from = (address: string): HeaderLines => [['X-Forwarded-For', address]];

function bytesOf(wire: Wire): number {
  const head = wire.surplus.indexOf('\r\n\r\n');
  return head === -1 ? 0 : wire.surplus.length - head - 4;
}

const sum = (group: Wire[]) => group.reduce((total, wire) => total + bytesOf(wire), 0);

/**
 * Waits until a group of connections has so many bytes, but for a piece that is not saved yet, and its next ones wait
 * for the clock.
 */
async function share(group: Wire[], bytes: number): Promise<void> {
  await until(() => sum(group) > bytes - PIECE);
  // Whatever else is on its way, comes now.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(sum(group)).toBeLessThanOrEqual(bytes);
}

it('is shared by the connections of one user, and another user has their own', async () => {
  const own = [await download(as(one)), await download(as(one))];
  await share(own, RATE);
  const others = [await download(as(other))];
  await share(others, RATE);
  for (let seconds = 1; seconds <= 3; seconds += 1) {
    // In steps, because no more than a second's worth is saved.
    for (let step = 1; step <= 20; step += 1) {
      await alarms.pass(50);
      const saved = RATE * (seconds - 1) + (RATE / 20) * step;
      await share(own, RATE + saved);
      await share(others, RATE + saved);
    }
  }
  const [first, second] = own.map(bytesOf);
  expect(second).toBeGreaterThan(RATE);
  expect(first).toBeGreaterThan(RATE);
});

it('is of an address where nobody is signed in, also for those who follow a link', async () => {
  const { url } = await makeLink(ferry, one, file);
  const group = [await download(from('192.0.2.1')), await download(from('192.0.2.1'), url)];
  await share(group, RATE);
  const others = [await download(from('192.0.2.2'), url)];
  await share(others, RATE);
  const owner = [await download([...as(one), ...from('192.0.2.1')])];
  await share(owner, RATE);
});

it('brings every byte, of the whole and of several ranges', async () => {
  const whole = await download(as(one));
  const parts = await download([
    ...as(other),
    ['Range', `bytes=0-${300 * KIB - 1},${400 * KIB}-${SIZE - 1}`],
  ]);
  const answers = Promise.all([whole.answer(), parts.answer()]);
  let done = false;
  void answers.then(() => (done = true));
  await until(async () => {
    await alarms.pass(1000);
    return done;
  });
  const [first, second] = await answers;
  expect(first.body.equals(file.bytes)).toBe(true);
  expect(second.status).toBe(206);
  expect(second.body.includes(file.bytes.subarray(400 * KIB))).toBe(true);
});

it('is free again for those who stay when a client goes away, and forgotten when nobody is there', async () => {
  const [leaving, staying] = [await download(as(one)), await download(as(one))];
  await share([leaving, staying], RATE);
  const had = bytesOf(staying);
  leaving.destroy();
  const { downloadBudgets } = ferry.services;
  // Its line in the log says that Ferry knows.
  await until(() => ferry.logged.some(({ status, path }) => status === 499 && path === file.contentUrl));
  for (let step = 1; step <= 20; step += 1) {
    await alarms.pass(50);
    await share([staying], had + (RATE / 20) * step);
  }
  staying.destroy();
  await until(async () => {
    await alarms.pass(1000);
    return downloadBudgets?.size === 0;
  });
});
