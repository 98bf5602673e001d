import * as argon2 from '@node-rs/argon2';
import request from 'supertest';
import { API, makeFile, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';
import { expectProblem } from '../support/problems';

jest.mock('@node-rs/argon2', () => {
  const actual = jest.requireActual<typeof argon2>('@node-rs/argon2');
  return { ...actual, verify: jest.fn(actual.verify) };
});

const SIGN_INS = 200;
const WAITING = 64;

let ferry: Ferry;
let user: TestUser;

beforeAll(async () => {
  ferry = await startFerry({ settings: { UV_THREADPOOL_SIZE: '3' } });
  user = await makeUser(ferry);
});

afterAll(() => ferry.stop());

describe('200 sign-ins at once', () => {
  let release: () => void;
  let running = 0;
  let most = 0;

  beforeEach(() => {
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { verify } = jest.requireActual<typeof argon2>('@node-rs/argon2');
    jest.mocked(argon2.verify).mockImplementation(async (...parameters) => {
      running += 1;
      most = Math.max(most, running);
      await gate;
      running -= 1;
      return verify(...parameters);
    });
  });

  it('are bounded: some wait, the others are told when to come again, and nobody else notices', async () => {
    const { username, password } = user;
    const file = await makeFile(ferry, user);
    let refusals = 0;
    let told: () => void = () => undefined;
    const refused = new Promise<void>((resolve) => (told = resolve));
    const signIns = Array.from({ length: SIGN_INS }, async () => {
      const answer = await request(ferry.url).post(`${API}/auth/login`).send({ username, password });
      if (answer.status === 503) refusals += 1;
      if (refusals === SIGN_INS - WAITING - 1) told();
      return answer;
    });

    await refused;
    expect(running).toBe(1);
    await request(ferry.url).get('/healthz').expect(200);
    await request(ferry.url).get('/readyz').expect(200);
    await request(ferry.url).get(`${API}/users/me`).set(user.auth).expect(200);
    const content = await request(ferry.url).get(file.contentUrl).set(user.auth).expect(200);
    expect(content.body).toEqual(file.bytes);
    const { refreshToken } = user;
    await request(ferry.url).post(`${API}/auth/refresh`).send({ refreshToken }).expect(200);

    release();
    const answers = await Promise.all(signIns);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(WAITING + 1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectProblem(answer, 503, 'unavailable');
      expect(answer.headers['retry-after']).toBe('2');
    }
    expect(most).toBe(1);
    await request(ferry.url).post(`${API}/auth/login`).send({ username, password }).expect(200);
  });

  it('that are refused are no wrong guesses', async () => {
    release();
    const { username, password } = user;
    const answer = await request(ferry.url).post(`${API}/auth/login`).send({ username, password });
    expect(answer.headers['ratelimit']).toMatch(/"guesses";r=999;/);
  });
});
