import type { Response } from 'supertest';

/** What an answer that is not a success looks like (RFC 9457), as far as every one does. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  requestId: string;
  errors?: { path: string; message: string }[];
}

/** Expects the answer to be that error of the catalogue, whole and well-formed. @returns its body */
export function expectProblem(
  answer: Pick<Response, 'status' | 'headers' | 'text'>,
  status: number,
  code: string,
): Problem {
  const problem = JSON.parse(answer.text) as Problem;
  expect({ status: answer.status, code: problem.code }).toEqual({ status, code });
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(problem).toMatchObject({ type: 'about:blank', status, requestId: answer.headers['x-request-id'] });
  expect(problem.title).toMatch(/\S/);
  expect(problem.detail).toMatch(/\S/);
  return problem;
}
