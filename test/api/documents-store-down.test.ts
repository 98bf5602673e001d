import { call } from '../support/documents';
import { API, makeFile, makeUser, type TestUser } from '../support/factories';
import { startFerry, type Ferry } from '../support/ferry';

describe('with a document store that does not answer', () => {
  let ferry: Ferry;
  let user: TestUser;

  beforeAll(async () => {
    // The port of tcpmux, where nobody listens.
    ferry = await startFerry({
      settings: { MONGO_URL: 'mongodb://user:secret@127.0.0.1:1/ferry?retryWrites=false' },
    });
    user = await makeUser(ferry);
  });

  afterAll(() => ferry.stop());

  it('the server runs, and says that it is not ready', async () => {
    const ready = await call(ferry, null, 'get', '/readyz').expect(503);
    const { stores } = ready.body as { stores: { name: string; form: string; up: boolean }[] };
    expect(stores.filter(({ up }) => !up)).toEqual([{ name: 'content', form: 'MongoDB', up: false }]);
    expect(ferry.stores.content.location).toBe('mongodb://127.0.0.1:1/ferry');
  });

  it('calls that need it are answered with 503 and when to come back', async () => {
    const document = { title: 't', body: 'b' };
    for (const answer of [
      call(ferry, null, 'get', `${API}/documents`),
      call(ferry, null, 'get', `${API}/documents/any`),
      call(ferry, user, 'post', `${API}/documents`, document),
      call(ferry, user, 'post', `${API}/documents/any/comments`, { body: 'b' }),
    ]) {
      const { headers, body } = (await answer.expect(503)) as {
        headers: Record<string, string>;
        body: unknown;
      };
      expect(headers['retry-after']).toBe('5');
      expect(body).toMatchObject({ code: 'unavailable' });
      expect(JSON.stringify(body)).not.toMatch(/mongo|secret|127\.0\.0\.1/i);
    }
  });

  it('files go on working', async () => {
    const file = await makeFile(ferry, user);
    await call(ferry, user, 'get', `${API}/files/${file.id}/content`).expect(200);
    await call(ferry, user, 'delete', `${API}/files/${file.id}`).expect(204);
  });
});
