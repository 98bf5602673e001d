import { ProgressEvents } from '../../../src/services/progress-events';

interface Told {
  topic: string;
  type: string;
  data: object;
}

let time: number;
let told: Told[];
let progress: ProgressEvents;

beforeEach(() => {
  [time, told] = [1_000_000, []];
  progress = new ProgressEvents({
    now: () => new Date(time),
    events: {
      publish: (topic, type, data) => {
        told.push({ topic, type, data });
        return Promise.resolve();
      },
    },
  });
});

const report = (id: string, end: number, sizeDeferred = false) =>
  progress.report({ id, size: 100, sizeDeferred }, [{ start: 0, end }]);

it('tells how far an upload is', () => {
  report('a', 10);
  expect(told).toEqual([
    { topic: 'upload:a', type: 'upload.progress', data: { uploadId: 'a', receivedBytes: 10, size: 100 } },
  ]);
});

it('tells no size that nobody knows yet', () => {
  report('a', 10, true);
  expect(told[0]?.data).toEqual({ uploadId: 'a', receivedBytes: 10, size: null });
});

it('tells it of each upload twice a second at most', () => {
  for (const [at, id] of [
    [0, 'a'],
    [1, 'b'],
    [499, 'a'],
    [500, 'a'],
    [501, 'b'],
    [999, 'a'],
  ] as const) {
    time = 1_000_000 + at;
    report(id, at + 1);
  }
  expect(told.map(({ topic, data }) => [topic, 'receivedBytes' in data && data.receivedBytes])).toEqual([
    ['upload:a', 1],
    ['upload:b', 2],
    ['upload:a', 501],
    ['upload:b', 502],
  ]);
});

it('goes on when the clock is set back', () => {
  report('a', 1);
  time -= 60 * 60 * 1000;
  report('a', 2);
  expect(told).toHaveLength(2);
});
