const PART_ID = /^[A-Za-z0-9_-]{1,64}$/;
const SHA256 = /^[0-9a-f]{64}$/;

export const isPartId = (text: string): boolean => PART_ID.test(text);

export const isSha256 = (text: string): boolean => SHA256.test(text);

/** @throws TypeError for what is not an id: 1 to 64 of `[A-Za-z0-9_-]` */
export function assertPartId(id: string): void {
  if (!isPartId(id)) throw new TypeError('not the id of a part');
}

/** @throws TypeError for what is not 64 lower-case hexadecimal digits */
export function assertSha256(name: string): void {
  if (!isSha256(name)) throw new TypeError('not a SHA-256 in lower-case hexadecimal');
}
