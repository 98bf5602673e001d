import { ulid } from 'ulid';

/** An id that sorts by the time of its making: 26 characters of `[0-9a-z]`, 80 of its bits random. */
export function newId(): string {
  return ulid().toLowerCase();
}
