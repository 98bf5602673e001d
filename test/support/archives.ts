import request, { type Test } from 'supertest';
import { API, type TestUser } from './factories';
import type { Ferry } from './ferry';

export interface TestArchive {
  url: string;
  size: number;
  expiresAt: string;
}

export function postArchive(ferry: Ferry, user: TestUser, body: object): Test {
  return request(ferry.url).post(`${API}/archives`).set(user.auth).send(body);
}

/** An archive of these files. */
export async function makeArchive(
  ferry: Ferry,
  user: TestUser,
  files: { id: string }[],
  name = 'all',
): Promise<TestArchive> {
  const answer = await postArchive(ferry, user, { fileIds: files.map(({ id }) => id), name }).expect(201);
  return answer.body as TestArchive;
}
