import { z } from 'zod';
import { faultOf, WechatFailure } from './errors';

/** For an answer with its body. */
const TIMEOUT_MS = 5000;
/** So much of what WeChat says about an error is logged. */
const LONGEST_MESSAGE = 500;

/** A call of WeChat's server API. */
export interface WechatCall<T> {
  method: 'GET' | 'POST';
  path: string;
  query?: Record<string, string>;
  json?: object;
  /** What a success looks like. */
  answer: z.ZodType<T>;
}

export interface WechatApi {
  /**
   * Calls, and once more when WeChat is busy or its answer cannot be read.
   * @throws WechatFailure, without anything of what was sent
   */
  call<T>(call: WechatCall<T>): Promise<T>;
}

/** On success `errcode` is 0 or missing. */
const status = z.object({ errcode: z.number().int().optional(), errmsg: z.string().optional() });

/** @param base where the API is, without a slash at the end */
export function createWechatApi(base: string): WechatApi {
  async function attempt<T>({ method, path, query, json, answer }: WechatCall<T>): Promise<T> {
    const search = query ? `?${new URLSearchParams(query).toString()}` : '';
    const text = await read(path, `${base}${path}${search}`, {
      method,
      // The address holds secrets: it is for this server alone.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(json && { body: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } }),
    });
    const body = parse(path, text);
    const { errcode = 0, errmsg = '' } = status.safeParse(body).data ?? {};
    if (errcode !== 0) throw failureOf(path, errcode, errmsg);
    const parsed = answer.safeParse(body);
    if (parsed.success) return parsed.data;
    const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new WechatFailure('busy', `WeChat answered ${path} in an unknown form: ${fields}`);
  }

  return {
    async call(call) {
      try {
        return await attempt(call);
      } catch (error) {
        if (!(error instanceof WechatFailure) || error.fault !== 'busy') throw error;
        return attempt(call);
      }
    },
  };
}

/** The body, whatever its content type: WeChat sends JSON as text/plain. */
async function read(path: string, url: string, init: RequestInit): Promise<string> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, init);
    text = await response.text();
  } catch (error) {
    throw new WechatFailure('busy', `WeChat did not answer ${path}`, null, error);
  }
  if (response.status < 500) return text;
  throw new WechatFailure('busy', `WeChat answered ${path} with status ${response.status}`);
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error quotes the text, which is not ours to log.
    throw new WechatFailure('busy', `WeChat did not answer ${path} in JSON`);
  }
}

function failureOf(path: string, errcode: number, errmsg: string): WechatFailure {
  const said = errmsg.replace(/\p{Cc}/gu, ' ').slice(0, LONGEST_MESSAGE);
  return new WechatFailure(faultOf(errcode), `WeChat answered ${path} with ${errcode}: ${said}`, errcode);
}
