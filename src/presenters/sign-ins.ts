import type { z } from 'zod';
import type { SignInRecord } from '../models/sql';
import type { signIn } from '../schemas/sessions';

/** @param currentId the sign-in of whoever asks */
export function presentSignIn(record: SignInRecord, currentId: string): z.input<typeof signIn> {
  const { id, kind, userAgent, createdAt, expiresAt } = record;
  return {
    id,
    kind,
    userAgent,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    current: id === currentId,
  };
}
