import request from 'supertest';
import { API, type TestUser } from './factories';
import type { Ferry } from './ferry';
import type { ShownFile } from './uploads';

interface ShownAuthor {
  id: string;
  displayName: string;
  avatarUrl: string | null;
}

/** As the API shows it. */
export interface ShownDocument {
  id: string;
  title: string;
  body: string;
  bodyHtml: string;
  tags: string[];
  author: ShownAuthor;
  attachments: ShownFile[];
  visibility: string;
  version: number;
  commentCount: number;
  createdAt: string;
  updatedAt: string;
}

/** As the API shows it. */
export interface ShownComment {
  id: string;
  documentId: string;
  parentId: string | null;
  author: ShownAuthor;
  body?: string;
  bodyHtml?: string;
  deleted: boolean;
  replyCount: number;
  createdAt: string;
  updatedAt: string;
}

export interface ShownPage<T> {
  items: T[];
  nextCursor: string | null;
}

export const documentPath = ({ id }: { id: string }): string => `${API}/documents/${id}`;
export const commentPath = ({ id }: { id: string }): string => `${API}/comments/${id}`;

/** A request with a method, as a user, or as nobody. */
export function call(
  ferry: Ferry,
  user: TestUser | null,
  method: 'get' | 'post' | 'patch' | 'delete',
  path: string,
  body?: object,
) {
  const client = request(ferry.url);
  const made = client[method](path).set(user?.auth ?? {});
  return body ? made.send(body) : made;
}

/** A document of the user; public unless the input says otherwise. */
export async function makeDocument(ferry: Ferry, user: TestUser, input: object = {}): Promise<ShownDocument> {
  const body = { title: 'A title', body: 'Some text.', visibility: 'public', ...input };
  const answer = await call(ferry, user, 'post', `${API}/documents`, body).expect(201);
  return answer.body as ShownDocument;
}

/** A comment of the user, on a document or in reply to another comment. */
export async function makeComment(
  ferry: Ferry,
  user: TestUser,
  document: { id: string },
  input: object = {},
): Promise<ShownComment> {
  const path = `${documentPath(document)}/comments`;
  const answer = await call(ferry, user, 'post', path, { body: 'A remark.', ...input }).expect(201);
  return answer.body as ShownComment;
}

export async function readDocument(
  ferry: Ferry,
  user: TestUser | null,
  document: { id: string },
): Promise<ShownDocument> {
  return (await call(ferry, user, 'get', documentPath(document)).expect(200)).body as ShownDocument;
}

/** The first page of what a list call gives. */
export async function listOf<T>(ferry: Ferry, user: TestUser | null, path: string): Promise<ShownPage<T>> {
  return (await call(ferry, user, 'get', `${API}/${path}`).expect(200)).body as ShownPage<T>;
}
