/** What this code uses of `wx`, as the documentation of mini-programs has it. */
export interface Wx {
  request: (options: WxRequestOptions) => WxRequestTask;
  connectSocket: (options: WxSocketOptions) => WxSocketTask;
  onNetworkStatusChange?: (listener: WxNetworkListener) => void;
  offNetworkStatusChange?: (listener: WxNetworkListener) => void;
  onAppShow?: (listener: () => void) => void;
  offAppShow?: (listener: () => void) => void;
}

export type WxNetworkListener = (status: { isConnected: boolean }) => void;

export interface WxRequestOptions {
  url: string;
  method: 'GET' | 'POST';
  header: Record<string, string>;
  /** Milliseconds. */
  timeout: number;
  /** Anything but `json` leaves the text as it is. */
  dataType: string;
  responseType: 'text';
  /** The answer is given in pieces, as it comes. */
  enableChunked?: boolean;
  success: (answer: WxAnswer) => void;
  fail: (failure: { errMsg: string }) => void;
}

export interface WxAnswer {
  statusCode: number;
  header: Record<string, string>;
  data: unknown;
}

export interface WxRequestTask {
  abort: () => void;
  /** Missing before version 2.20.2 of the base library. */
  onChunkReceived?: (listener: (chunk: { data: ArrayBuffer }) => void) => void;
}

export interface WxSocketOptions {
  url: string;
  protocols: string[];
  header: Record<string, string>;
  fail: (failure: { errMsg: string }) => void;
}

export interface WxSocketTask {
  send: (options: { data: string | ArrayBuffer; fail: (failure: { errMsg: string }) => void }) => void;
  close: (options: { code?: number; reason?: string }) => void;
  onOpen: (listener: () => void) => void;
  onMessage: (listener: (message: { data: string | ArrayBuffer }) => void) => void;
  onError: (listener: (failure: { errMsg: string }) => void) => void;
  onClose: (listener: (closing: { code: number; reason: string }) => void) => void;
}
