import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import request from 'supertest';
import { API, makeUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { makeKey, me, publishedKeys, tokenParts } from '../support/keys';
import { expectProblem } from '../support/problems';

const NOW = new Date('2026-11-22T08:00:00Z');
const SECRETS = ['the first', 'the second', 'the third'].map((name) => `${name} secret of this installation`);
const [FIRST = '', SECOND = '', THIRD = ''] = SECRETS;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'ferry-keys-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

interface Tokens {
  accessToken: string;
  refreshToken: string;
}

/** One server after the other on the same data, each with settings of its own. */
class Installation {
  now = NOW;
  private constructor(private readonly home: string) {}

  static async make(): Promise<Installation> {
    return new Installation(await mkdtemp(path.join(directory, 'installation-')));
  }

  async run<T>(settings: Record<string, string>, work: (ferry: Ferry) => Promise<T>): Promise<T> {
    const ferry = await startFerry({ settings, directory: this.home, now: () => this.now });
    try {
      return await work(ferry);
    } finally {
      await ferry.stop();
    }
  }
}

describe.each(['HS256', 'ES256'])('a change of keys with %s', (algorithm) => {
  let installation: Installation;
  let values: string[];

  beforeAll(async () => {
    const names = ['first', 'second', 'third'];
    const files = await Promise.all(
      names.map(async (name) => (await makeKey(directory, `${algorithm}-${name}`)).file),
    );
    values = algorithm === 'HS256' ? SECRETS : files;
  });

  beforeEach(async () => {
    installation = await Installation.make();
  });

  /** Settings by which keys of those numbers are current, previous and next. */
  function settings(keys: { current: number; previous?: number; next?: number }): Record<string, string> {
    const name = algorithm === 'HS256' ? 'JWT_SECRET' : 'JWT_KEY_FILE';
    const { current, previous, next } = keys;
    return {
      ...(algorithm === 'ES256' && { JWT_SECRET: FIRST }),
      [name]: values[current] ?? '',
      ...(previous !== undefined && { [`${name}_PREVIOUS`]: values[previous] ?? '' }),
      ...(next !== undefined && { [`${name}_NEXT`]: values[next] ?? '' }),
    };
  }

  it('lets a token of before live until it expires', async () => {
    const user = await installation.run(settings({ current: 0 }), makeUser);
    await installation.run(settings({ current: 1, previous: 0 }), async (ferry) => {
      await me(ferry, user.accessToken).expect(200);
      const other = await makeUser(ferry);
      expect(tokenParts(other.accessToken).header['kid']).not.toBe(
        tokenParts(user.accessToken).header['kid'],
      );
      await me(ferry, other.accessToken).expect(200);
      installation.now = new Date(NOW.getTime() + 631_000);
      expectProblem(await me(ferry, user.accessToken), 401, 'invalid_token');
    });
  });

  it('takes tokens of a process that is a step ahead', async () => {
    const user = await installation.run(settings({ current: 1, previous: 0 }), makeUser);
    await installation.run(settings({ current: 0, next: 1 }), async (ferry) => {
      await me(ferry, user.accessToken).expect(200);
      const other = await makeUser(ferry);
      expect(tokenParts(other.accessToken).header['kid']).not.toBe(
        tokenParts(user.accessToken).header['kid'],
      );
    });
  });

  it('ends tokens of a key that is not among ours any more', async () => {
    const user = await installation.run(settings({ current: 0 }), makeUser);
    await installation.run(settings({ current: 2, previous: 1 }), async (ferry) => {
      expectProblem(await me(ferry, user.accessToken), 401, 'invalid_token');
      const answer = await request(ferry.url)
        .post(`${API}/auth/refresh`)
        .send({ refreshToken: user.refreshToken })
        .expect(200);
      await me(ferry, (answer.body as Tokens).accessToken).expect(200);
    });
  });

  it('takes a token by the key that it names alone', async () => {
    const user = await installation.run(settings({ current: 0 }), makeUser);
    await installation.run(settings({ current: 1, previous: 0 }), async (ferry) => {
      const other = await makeUser(ferry);
      const [, body = '', signature = ''] = user.accessToken.split('.');
      const [header = ''] = other.accessToken.split('.');
      expectProblem(await me(ferry, `${header}.${body}.${signature}`), 401, 'invalid_token');
    });
  });

  it('is announced where keys are published, and leaves no doubles', async () => {
    const count = algorithm === 'HS256' ? 0 : 3;
    await installation.run(settings({ current: 1, previous: 0, next: 2 }), async (ferry) => {
      const { keys } = await publishedKeys(ferry);
      expect(new Set(keys.map(({ kid }) => kid)).size).toBe(count);
      expect(keys).toHaveLength(count);
      expect(JSON.stringify(keys)).not.toContain('"d"');
    });
    await installation.run(settings({ current: 1, previous: 1, next: 1 }), async (ferry) => {
      expect((await publishedKeys(ferry)).keys).toHaveLength(Math.min(count, 1));
      const user = await makeUser(ferry);
      await me(ferry, user.accessToken).expect(200);
    });
  });
});

describe('a change of the secret', () => {
  const send = (ferry: Ferry, refreshToken: string) =>
    request(ferry.url).post(`${API}/auth/refresh`).send({ refreshToken });

  const rotate = async (ferry: Ferry, refreshToken: string): Promise<Tokens> =>
    (await send(ferry, refreshToken).expect(200)).body as Tokens;

  let installation: Installation;

  beforeEach(async () => {
    installation = await Installation.make();
  });

  it('between a refresh and its repetition gives the same successor again', async () => {
    const { user, next } = await installation.run({ JWT_SECRET: FIRST }, async (ferry) => {
      const made = await makeUser(ferry);
      return { user: made, next: await rotate(ferry, made.refreshToken) };
    });
    installation.now = new Date(NOW.getTime() + 19_000);
    await installation.run({ JWT_SECRET: SECOND, JWT_SECRET_PREVIOUS: FIRST }, async (ferry) => {
      const again = await rotate(ferry, user.refreshToken);
      expect(again.refreshToken).toBe(next.refreshToken);
      await rotate(ferry, again.refreshToken);
    });
  });

  it('does not hide a token that was used before it', async () => {
    const user = await installation.run({ JWT_SECRET: FIRST }, makeUser);
    const settings = { JWT_SECRET: SECOND, JWT_SECRET_PREVIOUS: FIRST };
    await installation.run(settings, async (ferry) => {
      const thief = await rotate(ferry, (await rotate(ferry, user.refreshToken)).refreshToken);
      await me(ferry, thief.accessToken).expect(200);
      expectProblem(await send(ferry, user.refreshToken), 400, 'invalid_grant');
      expectProblem(await send(ferry, thief.refreshToken), 400, 'invalid_grant');
      expectProblem(await me(ferry, thief.accessToken), 401, 'invalid_token');
    });
  });

  it('keeps sign-ins when the old secret is gone altogether, with all that refresh tokens are good for', async () => {
    const user = await installation.run({ JWT_SECRET: FIRST }, async (ferry) => {
      const made = await makeUser(ferry);
      return { ...made, ...(await rotate(ferry, made.refreshToken)) };
    });
    await installation.run({ JWT_SECRET: THIRD }, async (ferry) => {
      const next = await rotate(ferry, user.refreshToken);
      expect((await rotate(ferry, user.refreshToken)).refreshToken).toBe(next.refreshToken);
      const last = await rotate(ferry, next.refreshToken);
      expectProblem(await send(ferry, user.refreshToken), 400, 'invalid_grant');
      expectProblem(await send(ferry, last.refreshToken), 400, 'invalid_grant');
    });
  });

  it('with the old one gone makes tokens of long ago unknown, which end nothing', async () => {
    const { user, next } = await installation.run({ JWT_SECRET: FIRST }, async (ferry) => {
      const made = await makeUser(ferry);
      return { user: made, next: await rotate(ferry, made.refreshToken) };
    });
    await installation.run({ JWT_SECRET: THIRD }, async (ferry) => {
      expectProblem(await send(ferry, user.refreshToken), 400, 'invalid_grant');
      await rotate(ferry, next.refreshToken);
    });
  });

  it('half-way through a fleet gives one successor, whichever process is asked', async () => {
    const user = await installation.run({ JWT_SECRET: FIRST, JWT_SECRET_NEXT: SECOND }, makeUser);
    const ahead = { JWT_SECRET: SECOND, JWT_SECRET_PREVIOUS: FIRST };
    const next = await installation.run(ahead, (ferry) => rotate(ferry, user.refreshToken));
    await installation.run({ JWT_SECRET: FIRST, JWT_SECRET_NEXT: SECOND }, async (ferry) => {
      expect((await rotate(ferry, user.refreshToken)).refreshToken).toBe(next.refreshToken);
    });
  });
});
