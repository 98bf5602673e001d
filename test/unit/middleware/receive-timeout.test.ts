import { Timeout } from '../../../src/errors';
import type { Context } from '../../../src/middleware/context';
import { receiveTimeout } from '../../../src/middleware/receive-timeout';

const IDLE_MS = 1000;

/** A request whose body comes when the test says so. */
class Incoming {
  readonly headers = new Map<string, string>();
  readonly req = {
    headers: { 'content-length': '100' } as Record<string, string>,
    complete: false,
    socket: { bytesRead: 0 },
  };
  finish: () => void = () => undefined;

  /** Passes the request through the middleware; what further in waits for ends with `finish`. */
  run(): Promise<unknown> {
    const ctx = { req: this.req, set: (name: string, value: string) => this.headers.set(name, value) };
    const work = new Promise<void>((resolve) => (this.finish = resolve));
    return Promise.resolve(receiveTimeout(IDLE_MS)(ctx as unknown as Context, () => work));
  }

  receive(bytes: number): void {
    this.req.socket.bytesRead += bytes;
  }
}

describe('a request body', () => {
  let incoming: Incoming;

  beforeEach(() => {
    jest.useFakeTimers();
    incoming = new Incoming();
  });

  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('may take as long as it needs while it moves', async () => {
    const done = incoming.run();
    for (let i = 0; i < 1000; i += 1) {
      incoming.receive(1);
      await jest.advanceTimersByTimeAsync(IDLE_MS - 1);
    }
    incoming.req.complete = true;
    incoming.finish();
    await expect(done).resolves.toBeUndefined();
  });

  it('is refused when it stands still, and the connection with it', async () => {
    const done = incoming.run();
    const refused = expect(done).rejects.toBeInstanceOf(Timeout);
    incoming.receive(50);
    await jest.advanceTimersByTimeAsync(IDLE_MS);
    expect(incoming.headers.size).toBe(0);
    await jest.advanceTimersByTimeAsync(IDLE_MS);
    await refused;
    expect(incoming.headers.get('Connection')).toBe('close');
  });

  it('is not waited for once it has come: the work may take its time', async () => {
    const done = incoming.run();
    incoming.receive(100);
    incoming.req.complete = true;
    await jest.advanceTimersByTimeAsync(100 * IDLE_MS);
    incoming.finish();
    await expect(done).resolves.toBeUndefined();
  });

  it('leaves no timer behind when the work fails', async () => {
    const ctx = { req: incoming.req } as unknown as Context;
    const failing = receiveTimeout(IDLE_MS)(ctx, () => Promise.reject(new Error('refused')));
    await expect(failing).rejects.toThrow('refused');
  });

  it.each<[string, Record<string, string>]>([
    ['no body', {}],
    ['an empty body', { 'content-length': '0' }],
  ])('that is not there is not waited for: %s', async (_, headers) => {
    incoming.req.headers = headers;
    const done = incoming.run();
    await jest.advanceTimersByTimeAsync(100 * IDLE_MS);
    incoming.finish();
    await expect(done).resolves.toBeUndefined();
  });
});
