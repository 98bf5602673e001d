import type { Problem } from '../types';
import { NO_ANSWER } from './requests';
import type { ConnectOptions } from '../types';

/** The access token, of which one is asked for at a time. */
export class Access {
  private asking: { forced: boolean; token: Promise<string | null> } | null = null;

  constructor(private readonly provider: ConnectOptions['getAccessToken']) {}

  /** Whether another token can be had at all. */
  get isRenewable(): boolean {
    return this.provider !== undefined;
  }

  /**
   * @param forceRefresh the last token was refused
   * @throws whatever the application throws
   */
  async token(forceRefresh: boolean): Promise<string | null> {
    const { provider } = this;
    if (!provider) return null;
    // Whoever wants any token takes the one that is on its way; a refresh waits for that and asks on its own.
    while (this.asking && forceRefresh && !this.asking.forced) {
      await this.asking.token.catch(() => null);
    }
    if (this.asking) return this.asking.token;
    const asking = { forced: forceRefresh, token: ask(provider, forceRefresh) };
    this.asking = asking;
    try {
      return await asking.token;
    } finally {
      this.asking = null;
    }
  }
}

/** An exception of the provider is a refusal like any other. */
async function ask(
  provider: NonNullable<ConnectOptions['getAccessToken']>,
  forceRefresh: boolean,
): Promise<string | null> {
  return provider({ forceRefresh });
}

/** Why there is no token. */
export function tokenProblem(error: unknown): Problem {
  return {
    code: NO_ANSWER.code,
    detail: error instanceof Error ? error.message : 'There is no access token.',
  };
}
