import { createRequire } from 'node:module';
import { io, type Socket, type WebSocket } from 'socket.io-client';
import { socketioTransport, WxWebSocket } from '../../src/client/wx';
import { until } from '../contract/until';
import { API, makeUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { SocketioClient } from '../support/realtime/socketio';
import { wxNetwork } from '../support/wechat/wx-network';

/** The module of CommonJS, which a mini-program gets, does not export it; the package that it is from does. */
const { WebSocket: transport } = createRequire(require.resolve('socket.io-client'))('engine.io-client') as {
  WebSocket: typeof WebSocket;
};

let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry();
});

afterAll(() => ferry.stop());

describe('the official client of socket.io in a mini-program', () => {
  let socket: Socket;

  afterEach(() => socket.disconnect());

  it('runs over wx.connectSocket, signed in, and goes on after a cut', async () => {
    const user = await makeUser(ferry);
    const topic = `user:${user.id}`;
    socket = io(ferry.url, {
      transports: [socketioTransport(transport, wxNetwork())],
      auth: { token: user.accessToken },
      reconnectionDelay: 1,
      forceNew: true,
    });
    const client = new SocketioClient(socket);
    await until(() => socket.connected);
    await client.subscribe([topic], undefined);
    await ferry.stores.eventlog.append(topic, 'counted', { text: '江河 🌊' });
    await client.count(1);
    expect(socket.io.engine.transport).toMatchObject({ ws: expect.any(WxWebSocket) as unknown });
    socket.io.engine.close();
    await until(() => !socket.connected);
    await ferry.stores.eventlog.append(topic, 'counted', { n: 2 });
    socket.connect();
    await until(() => socket.connected);
    await client.subscribe([topic], client.cursor);
    await client.count(2);
    expect(client.data).toEqual([{ text: '江河 🌊' }, { n: 2 }]);
  });

  it('says when it was refused', async () => {
    socket = io(ferry.url, {
      transports: [socketioTransport(transport, wxNetwork())],
      auth: { token: 'a.b.c' },
      reconnection: false,
      forceNew: true,
    });
    const refusal = await new Promise<Error & { data?: unknown }>((resolve) =>
      socket.on('connect_error', resolve),
    );
    expect(refusal.data).toMatchObject({ code: 'invalid_token' });
  });
});

describe('WxWebSocket', () => {
  const address = () => `${ferry.url.replace('http', 'ws')}${API}/events/ws`;

  it('has the states and calls of a WebSocket', async () => {
    const socket = new WxWebSocket(address(), 'ferry.v1', { wx: wxNetwork() });
    expect(socket.readyState).toBe(WxWebSocket.CONNECTING);
    expect(() => socket.send('early')).toThrow('not open');
    const frames: unknown[] = [];
    let code = 0;
    socket.onmessage = ({ data }) => frames.push(data);
    socket.onclose = (event) => (code = event.code);
    await new Promise<unknown>((resolve) => (socket.onopen = resolve));
    expect(socket.readyState).toBe(WxWebSocket.OPEN);
    socket.send('{"op":"ping"}');
    await until(() => frames.length > 0);
    expect(frames).toEqual(['{"op":"pong"}']);
    socket.close();
    socket.close();
    await until(() => socket.readyState === WxWebSocket.CLOSED);
    expect(code).toBe(1000);
    socket.send('late');
  });

  it('tells of an error and then of its end, once each', async () => {
    const told: string[] = [];
    const socket = new WxWebSocket('ws://127.0.0.1:1', undefined, { wx: wxNetwork() });
    socket.onerror = () => told.push('error');
    socket.onclose = ({ code }) => told.push(String(code));
    await until(() => told.length > 1);
    expect([told, socket.readyState]).toEqual([['error', '1006'], WxWebSocket.CLOSED]);
  });
});
