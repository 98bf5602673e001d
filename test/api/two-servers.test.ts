import request from 'supertest';
import { startFerry, type Ferry } from '../support/ferry';
import { API, makeFile, makeUser } from '../support/factories';

describe('two servers in one process', () => {
  let one: Ferry;
  let two: Ferry;

  beforeAll(async () => {
    [one, two] = await Promise.all([startFerry(), startFerry()]);
  });

  afterAll(() => Promise.all([one.stop(), two.stop()]));

  it('have nothing in common', async () => {
    const user = await makeUser(one, { username: 'lilei' });
    await makeUser(two, { username: 'lilei' });
    const file = await makeFile(one, user);
    const answer = await request(one.url).get(file.contentUrl).set(user.auth).expect(200);
    expect(answer.body).toEqual(file.bytes);
    await request(two.url).get(`${API}/users/me`).set(user.auth).expect(401);
    await request(two.url).get(file.contentUrl).expect(404);
  });
});
