import type { Answer, Call, NetworkListener, Outgoing, Platform, Socket, StreamReader } from './platform';
import { systemTimers } from './timers';
import { Utf8Decoder } from './utf8';
import type { Wx, WxAnswer, WxRequestOptions } from './wx-api';
import { WxWebSocket } from './wx-websocket';

/** Longer than any request of ours takes; each has a limit of its own. */
const TIMEOUT_MS = 60_000;
/** A stream is ended by the server after eleven minutes at most. */
const STREAM_TIMEOUT_MS = 15 * 60_000;
/** Of an answer that came in pieces and turns out to be an error, which is short. */
const MOST_ERROR_TEXT = 16_384;

/** Mini-programs. */
export function wxPlatform(wx: Wx): Platform {
  return {
    origin: null,
    request: (outgoing) => request(wx, outgoing),
    stream: (outgoing, reader) => stream(wx, outgoing, reader),
    socket: (url, protocol, headers): Socket => new WxWebSocket(url, protocol, { wx, headers }),
    socketTakesHeaders: true,
    watchNetwork: (listener) => watchNetwork(wx, listener),
    timers: systemTimers,
    random: Math.random,
  };
}

function optionsOf({ method, url, headers }: Outgoing): Omit<WxRequestOptions, 'success' | 'fail'> {
  return { method, url, header: headers, timeout: TIMEOUT_MS, dataType: 'text', responseType: 'text' };
}

function answerOf({ statusCode, header, data }: WxAnswer, text?: string): Answer {
  const fields = new Map(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    status: statusCode,
    header: (name) => fields.get(name) ?? null,
    text: text ?? (typeof data === 'string' ? data : JSON.stringify(data)),
  };
}

function request(wx: Wx, outgoing: Outgoing): Call {
  let cancel = (): void => undefined;
  const answer = new Promise<Answer>((resolve, reject) => {
    const task = wx.request({
      ...optionsOf(outgoing),
      success: (got) => resolve(answerOf(got)),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    });
    cancel = () => {
      task.abort();
      reject(new Error('The request was cancelled.'));
    };
  });
  return { answer, cancel };
}

function stream(wx: Wx, outgoing: Outgoing, reader: StreamReader): () => void {
  const decoder = new Utf8Decoder();
  let head = '';
  let isOver = false;
  const end = (answer: Answer | null): void => {
    if (isOver) return;
    isOver = true;
    reader.end(answer);
  };
  const task = wx.request({
    ...optionsOf(outgoing),
    timeout: STREAM_TIMEOUT_MS,
    enableChunked: true,
    success: (got) => end(answerOf(got, head)),
    fail: () => end(null),
  });
  if (!task.onChunkReceived) {
    // Without pieces nothing would be heard before the end.
    task.abort();
    systemTimers.after(0, () => end(null));
  }
  task.onChunkReceived?.(({ data }) => {
    if (isOver) return;
    const text = decoder.push(new Uint8Array(data));
    // Pieces do not say what status they are of: an error is told by its end, and is no stream that could be read.
    if (head.length < MOST_ERROR_TEXT) head += text;
    reader.text(text);
  });
  return () => {
    isOver = true;
    task.abort();
  };
}

function watchNetwork(wx: Wx, { online, offline, visible }: NetworkListener): () => void {
  const changed = ({ isConnected }: { isConnected: boolean }): void => {
    if (isConnected) online();
    else offline();
  };
  wx.onNetworkStatusChange?.(changed);
  wx.onAppShow?.(visible);
  return () => {
    wx.offNetworkStatusChange?.(changed);
    wx.offAppShow?.(visible);
  };
}
