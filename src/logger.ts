import pino, { type Logger } from 'pino';

/** Names of log data that may hold secrets, at the top and one level below. */
const SECRET = [
  'password',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'ticket',
  'session_key',
];

/** What a line for people says in its message, or leaves to the JSON form. */
const SAID = 'requestId,method,path,status,ms,bytes,address,user,code,detail';

interface LogLine {
  msg?: unknown;
  method?: unknown;
  path?: unknown;
  status?: unknown;
  ms?: unknown;
  code?: unknown;
  detail?: unknown;
}

/** @param settings.pretty lines for people instead of JSON */
export async function createLogger(settings: { level: string; pretty: boolean }): Promise<Logger> {
  const options: pino.LoggerOptions = {
    level: settings.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' },
  };
  if (!settings.pretty) return pino(options);
  // Loaded only where somebody reads along: it costs a server memory and time.
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    sync: true,
    ignore: SAID,
    messageFormat: (line) => sentence(line),
  });
  return pino(options, stream);
}

/** A request in the words of somebody who watches: `PUT /api/v1/… 200 12 ms`. */
function sentence({ msg, method, path, status, ms, code, detail }: LogLine): string {
  const request = method === undefined ? [] : [method, path];
  const words = status === undefined ? [msg, ...request, code, detail] : [...request, status, ms, 'ms'];
  const text = words.filter((word) => word !== undefined).map(String);
  // What a client sent must not steer the terminal or begin a line of its own.
  return text
    .join(' ')
    .replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
