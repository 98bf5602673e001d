/**
 * A lifetime as the stores take it, the same in every form.
 * @param ttlMs milliseconds; fractions are rounded up
 * @throws RangeError when it is not a positive number: an entry that is gone at once is a mistake of the caller
 */
export function wholeLifetime(ttlMs: number): number {
  if (!Number.isFinite(ttlMs) || ttlMs <= 0) throw new RangeError(`a lifetime of ${ttlMs} ms`);
  return Math.ceil(ttlMs);
}
