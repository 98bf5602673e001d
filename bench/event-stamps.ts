/** What marks an event: an exclamation mark, which neither occurs elsewhere nor as the length of a frame. */
export const MARK = 0x21;
const DIGITS = 15;
const PAD = '.'.repeat(170);

/** Microseconds of a clock that all processes of the machine share. */
export function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** 200 bytes of JSON that say when they were made. */
export function stamped(): object {
  return { at: `!${String(microseconds()).padStart(DIGITS, '0')}`, text: PAD };
}

/** When the event was made whose mark stands there; null when its time is not all in the bytes. */
export function stampAt(bytes: Buffer, mark: number): number | null {
  const end = mark + 1 + DIGITS;
  return end > bytes.length ? null : Number(bytes.toString('latin1', mark + 1, end));
}
