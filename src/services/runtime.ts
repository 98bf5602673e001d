/** The time; a test passes its own. */
export type Clock = () => Date;

/** What services report while they run: a subset of pino's logger. */
export interface Log {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}
