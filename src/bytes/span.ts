/**
 * For the file system a position below zero means "wherever the descriptor is", which would be silently wrong.
 * @throws RangeError unless it is a whole number from 0 on
 */
export function assertPosition(position: number): void {
  if (!Number.isSafeInteger(position) || position < 0) throw new RangeError(`not a position: ${position}`);
}

/** @throws RangeError unless bytes [start, end) are within content of that size */
export function assertWithin(start: number, end: number, size: number): void {
  assertPosition(start);
  if (end > size) throw new RangeError(`the content ends at ${size}, before ${end}`);
}
