/** What every store can do, whatever it keeps and whichever form it has. */
export interface Store {
  /** The form in a few words for the start-up log and the home page, e.g. `SQLite`, `local disk`, `in process`. */
  readonly form: string;
  /** Where its data lies, without credentials; null when it lies nowhere. */
  readonly location: string | null;
  /** Resolves when the store answers; rejects with `Unavailable` when it does not. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
