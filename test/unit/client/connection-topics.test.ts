import {
  event,
  events,
  gaps,
  live,
  open,
  pass,
  platform,
  problems,
  provider,
} from '../../support/client-connection';
import { settled } from '../../support/client-platform';

describe('topics', () => {
  it('come and go on a WebSocket, one subscription after the other', async () => {
    const connection = await open();
    await live();
    connection.subscribe(['user:1', 'documents']);
    connection.subscribe(['upload:1']);
    expect(platform.lastSocket.sent.slice(1)).toEqual([{ op: 'subscribe', topics: ['user:1'] }]);
    expect(connection.cursor).toBeUndefined();
    platform.lastSocket.say({ op: 'ready', next: 'c1', recovered: true });
    expect(platform.lastSocket.last).toEqual({ op: 'subscribe', topics: ['upload:1'] });
    platform.lastSocket.say({ op: 'ready', next: 'c2', recovered: true });
    connection.unsubscribe(['documents', 'unknown']);
    expect(platform.lastSocket.last).toMatchObject({ op: 'unsubscribe' });
    platform.lastSocket.say({ op: 'event', event: event('late', 'documents') });
    platform.lastSocket.say({ op: 'event', event: event('own', 'user:1') });
    expect(events).toEqual(['own']);
    platform.lastSocket.end(4200);
    await pass(1000);
    platform.lastSocket.open();
    expect(platform.lastSocket.sent).toEqual([
      { op: 'subscribe', topics: ['user:1', 'upload:1'], after: 'own' },
    ]);
  });

  it('that were not subscribed yet come back with cursors of their own', async () => {
    const connection = await open({ transports: ['sse'] });
    platform.streams[0]!.say('ready', { next: 'a1', recovered: true });
    connection.subscribe(['user:1']);
    platform.streams[1]!.say('ready', { next: 'b1', recovered: true });
    platform.streams[1]!.say('file.created', event('b2', 'user:1'));
    platform.streams[0]!.reader.end(null);
    await settled();
    await pass(1000);
    expect(
      platform.streams.slice(2).map(({ outgoing }) => decodeURIComponent(outgoing.url.split('?')[1]!)),
    ).toEqual(['topics=documents&after=a1', 'topics=user:1&after=b2']);
    expect(platform.streams[1]!.isCancelled).toBe(true);
  });

  it('may be none for a while', async () => {
    const connection = await open({ topics: [] });
    expect(connection.state).toEqual({ phase: 'idle' });
    connection.subscribe(['documents']);
    await settled();
    await live();
    connection.unsubscribe(['documents']);
    expect(connection.state).toEqual({ phase: 'idle' });
    expect(platform.lastSocket.isClosed).toBe(true);
  });

  it('that are refused are left out, and the others go on', async () => {
    const connection = await open({ topics: ['documents', 'document:1'], after: 'c' });
    platform.lastSocket.open();
    platform.lastSocket.say({ op: 'error', code: 'not_found', detail: 'no' });
    await settled();
    expect(platform.lastRequest.path).toBe('/events?topics=documents&wait=0');
    platform.lastRequest.answer(200, { events: [], next: 'x', recovered: true });
    await settled();
    platform.lastRequest.answer(404, { code: 'not_found', detail: 'No such document.' });
    await settled();
    expect(problems).toEqual([[{ code: 'not_found', detail: 'No such document.' }, ['document:1']]]);
    platform.lastSocket.open();
    expect(platform.lastSocket.sent).toEqual([{ op: 'subscribe', topics: ['documents'], after: 'c' }]);
    expect(connection.topics).toEqual(['documents']);
  });

  it('that are all refused end it', async () => {
    const connection = await open({ transports: ['sse'] });
    platform.lastStream.end(404, { code: 'not_found', detail: 'no' });
    await settled();
    platform.lastRequest.answer(404, { code: 'not_found', detail: 'no' });
    await settled();
    expect(connection.state).toEqual({ phase: 'closed', problem: { code: 'not_found', detail: 'no' } });
  });

  it('with a cursor that is none begin anew, with a gap', async () => {
    await open({ transports: ['sse'], after: 'a:b' });
    platform.lastStream.end(400, { code: 'invalid_request', detail: 'no' });
    await settled();
    platform.lastRequest.answer(200, { events: [], next: 'x', recovered: true });
    await settled();
    expect(gaps).toEqual([['documents']]);
    await pass(1000);
    expect(platform.lastStream.outgoing.url).not.toContain('after');
  });
});

describe('access tokens', () => {
  it('become tickets where a WebSocket cannot carry them', async () => {
    await open({ getAccessToken: provider(['t']).getAccessToken });
    expect(platform.lastRequest.outgoing).toMatchObject({
      method: 'POST',
      url: 'https://ferry.example/api/v1/events/tickets',
      headers: { Authorization: 'Bearer t' },
    });
    platform.lastRequest.answer(201, { ticket: 'a+b', expiresAt: '' });
    await settled();
    expect(platform.lastSocket.url).toBe('wss://ferry.example/api/v1/events/ws?ticket=a%2Bb');
  });

  it('are refreshed once when they are refused, and then it is over', async () => {
    const { asked, getAccessToken } = provider(['old', 'new', 'newer']);
    const connection = await open({ getAccessToken, transports: ['sse'] });
    platform.lastStream.end(401, { code: 'invalid_token', detail: 'no' });
    await settled();
    expect(asked).toEqual([false, true, false]);
    platform.lastStream.end(401, { code: 'invalid_token', detail: 'no' });
    await settled();
    expect(asked.filter(Boolean)).toHaveLength(1);
    expect(connection.state).toMatchObject({ phase: 'closed', problem: { code: 'invalid_token' } });
  });

  it('are refreshed when the handshake of a WebSocket failed for their sake, which it does not tell', async () => {
    platform.socketTakesHeaders = true;
    const { asked, getAccessToken } = provider(['old', 'new']);
    const connection = await open({ getAccessToken });
    platform.lastSocket.end(1006);
    await settled();
    platform.lastRequest.answer(401, { code: 'invalid_token', detail: 'no' });
    await settled();
    expect(asked).toEqual([false, true, false]);
    expect(connection.state).toEqual({ phase: 'connecting', transport: 'websocket' });
    expect(platform.sockets).toHaveLength(2);
  });

  it('are refreshed again after something worked', async () => {
    const { asked, getAccessToken } = provider(['old', 'new', 'newer']);
    const connection = await open({ getAccessToken, transports: ['sse'] });
    for (let times = 0; times < 3; times += 1) {
      platform.lastStream.say('ready', { next: 'c', recovered: true });
      platform.lastStream.say('problem', { code: 'invalid_token', detail: 'expired' });
      await settled();
    }
    expect(asked.filter(Boolean)).toHaveLength(3);
    expect(connection.state.phase).toBe('connecting');
  });

  it('are sent on the WebSocket when it asks for another one', async () => {
    platform.socketTakesHeaders = true;
    const { asked, getAccessToken } = provider(['old', 'new']);
    await open({ getAccessToken });
    expect(platform.lastSocket.headers).toEqual({ Authorization: 'Bearer old' });
    await live();
    platform.lastSocket.say({ op: 'error', code: 'invalid_token', detail: 'expired' });
    await settled();
    expect(platform.lastSocket.last).toEqual({ op: 'refresh', accessToken: 'new' });
    // One that is refused too is not sent in circles.
    platform.lastSocket.say({ op: 'error', code: 'invalid_token', detail: 'no' });
    await settled();
    expect(platform.sockets).toHaveLength(2);
    expect(asked).toEqual([false, true, true, false]);
  });

  it('that cannot be had are asked for again later', async () => {
    const connection = await open({ getAccessToken: () => Promise.reject(new Error('no network')) });
    expect(connection.state).toMatchObject({ phase: 'waiting', problem: { detail: 'no network' } });
  });

  it('are asked for one at a time', async () => {
    platform.socketTakesHeaders = true;
    let running = 0;
    let most = 0;
    const getAccessToken = async () => {
      running += 1;
      most = Math.max(most, running);
      await settled();
      running -= 1;
      return 't';
    };
    await open({ getAccessToken });
    await settled();
    await live();
    for (let times = 0; times < 3; times += 1) {
      platform.lastSocket.say({ op: 'error', code: 'invalid_token', detail: '' });
      platform.network?.offline();
      platform.network?.online();
      await settled();
      await settled();
      await settled();
    }
    expect(most).toBe(1);
  });
});

describe('the network', () => {
  it('that is back, or a page that is seen again, ends the wait', async () => {
    const connection = await open({ transports: ['websocket'] });
    platform.lastSocket.end(1006);
    await settled();
    platform.network?.visible();
    await settled();
    expect(platform.sockets).toHaveLength(2);
    await live();
    platform.network?.offline();
    expect(connection.state).toEqual({ phase: 'offline' });
    expect(platform.lastSocket.isClosed).toBe(true);
    platform.network?.online();
    await settled();
    expect(platform.sockets).toHaveLength(3);
  });

  it('that is said to be gone is tried all the same, now and then', async () => {
    await open();
    platform.network?.offline();
    await pass(30_000);
    expect(platform.sockets).toHaveLength(2);
  });

  it('is looked at when the page is seen again', async () => {
    const connection = await open({ transports: ['websocket'] });
    await live();
    platform.network?.visible();
    expect(platform.lastSocket.last).toEqual({ op: 'ping' });
    await pass(10_000);
    expect(connection.state.phase).toBe('waiting');
  });
});
