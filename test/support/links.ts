import request from 'supertest';
import { API, type TestFile, type TestUser } from './factories';
import type { Ferry } from './ferry';

export interface TestLink {
  id: string;
  url: string;
  downloads: number;
}

/** What a link needs to know of a file. */
type Linked = Pick<TestFile, 'id'>;

export function linksOf({ id }: Linked): string {
  return `${API}/files/${id}/links`;
}

/** A link to a file of the user, for a minute unless the input says otherwise. */
export async function makeLink(
  ferry: Ferry,
  user: TestUser,
  file: Linked,
  input: object = {},
): Promise<TestLink> {
  const answer = await request(ferry.url)
    .post(linksOf(file))
    .set(user.auth)
    .send({ expiresIn: 60, ...input })
    .expect(201);
  return answer.body as TestLink;
}

/** What the list says of a link; undefined when it is not listed. */
export async function listed(
  ferry: Ferry,
  user: TestUser,
  file: Linked,
  link: TestLink,
): Promise<TestLink | undefined> {
  const answer = await request(ferry.url).get(linksOf(file)).set(user.auth).expect(200);
  return (answer.body as { items: TestLink[] }).items.find(({ id }) => id === link.id);
}

/** Asks for what a link leads to, as a client that calls itself `one`. */
export async function follow(
  ferry: Ferry,
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
) {
  const answer = await fetch(ferry.url + url, { method, headers: { 'User-Agent': 'one', ...headers } });
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
}
