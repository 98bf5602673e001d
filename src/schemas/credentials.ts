import { z } from 'zod';

/** Checked in bytes, which is what is hashed. */
function password(least: number) {
  const message = `should have ${least} to 256 bytes`;
  return z.string().refine((value) => {
    const length = Buffer.byteLength(value);
    return value.isWellFormed() && length >= least && length <= 256;
  }, message);
}

/** What a password has to be to be set. */
export const newPassword = password(8).meta({ description: '8 to 256 bytes.' });

/** What a password has to be to be looked at: one that nobody could set is simply wrong. */
export const oldPassword = password(1);

/** What a sign-in by password takes. */
export const credentials = z.strictObject({
  username: z.string().min(1).max(256),
  password: oldPassword,
});
