import type { z } from 'zod';
import type { tokens } from '../schemas/auth';
import type { Account } from '../services/accounts';
import type { IssuedTokens } from '../services/tokens';
import { presentUser } from './users';

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentTokens(account: Account, issued: IssuedTokens, base: string): z.input<typeof tokens> {
  const { accessToken, expiresIn, refreshToken, refreshExpiresIn } = issued;
  return {
    user: presentUser(account, base),
    accessToken,
    tokenType: 'Bearer',
    expiresIn,
    refreshToken,
    refreshExpiresIn,
  };
}
