import { FerryError, Unavailable } from '../../errors';

/** Answers of Redis to a call that was wrong in itself: it would be wrong again. */
const MISTAKE = /^(?:ERR|WRONGTYPE|CROSSSLOT|NOSCRIPT) /;
/** Such answers that are about the state of the server all the same. */
const OF_THE_MOMENT = /^ERR (?:max number of clients|Error (?:loading|disconnecting))/;

/**
 * An error of ioredis as one of the catalogue. Those of the library carry the command with all that it was to write,
 * sessions and passwords included; what is kept here goes to the log, so it is the message alone.
 * @param what did not answer, e.g. `The event log`
 */
export function translate(what: string, error: unknown): Error {
  if (error instanceof FerryError) return error;
  const cause = withoutCommand(error);
  const isMistake = MISTAKE.test(cause.message) && !OF_THE_MOMENT.test(cause.message);
  return isMistake ? cause : new Unavailable(`${what} does not answer.`, cause);
}

/** The error with nothing but its message, and that without what it repeats of a command. */
export function withoutCommand(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(message.replace(/, with args beginning with:.*$/s, '') || 'no message');
}
