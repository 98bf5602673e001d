import pino, { type Logger } from 'pino';

/** Paths of log data that may hold secrets. */
const SECRET = [
  'password',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'ticket',
  'session_key',
];

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
  return pino(
    options,
    pretty({ translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true, messageFormat: '{msg}' }),
  );
}
