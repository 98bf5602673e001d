import type { z } from 'zod';

export type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'options';

/**
 * Who may call: anybody, anybody but with more for a signed-in user, only a signed-in user, or those and whoever has an
 * upload ticket.
 */
export type Access = 'public' | 'optional' | 'signed-in' | 'uploader';

interface ResponseDescription {
  description: string;
  /** JSON unless `type` says otherwise. */
  schema?: z.ZodType;
  type?: string;
  /** Response headers worth knowing, name to description. */
  headers?: Record<string, string>;
}

/** A body that is not JSON: only described here, read by its controller. */
interface StreamedBody {
  description: string;
  /** Media type to schema; none for raw bytes. */
  types: Record<string, z.ZodType | null>;
}

/**
 * One call of the API. It checks the request, gives the controller its types, and makes the OpenAPI entry.
 * `path` is written as the router reads it: `/api/v1/uploads/:id`.
 */
export interface Endpoint<P = unknown, Q = unknown, B = unknown> {
  id: string;
  method: Method;
  path: string;
  tag: string;
  summary: string;
  description?: string;
  access: Access;
  params?: z.ZodType<P> & z.ZodObject;
  query?: z.ZodType<Q> & z.ZodObject;
  /** Request headers that count, name to description. */
  headers?: Record<string, string>;
  body?: z.ZodType<B>;
  streamedBody?: StreamedBody;
  responses: Record<number, ResponseDescription>;
  /** Codes of the error catalogue that this call may answer with, beside those that every call may. */
  errors: string[];
}

/** What a controller gets: only what was checked. */
export interface Input<P, Q, B> {
  params: P;
  query: Q;
  body: B;
}

export type InputOf<E> = E extends Endpoint<infer P, infer Q, infer B> ? Input<P, Q, B> : never;

/** Declares an endpoint with the types of its own schemas. */
export function endpoint<P, Q, B>(definition: Endpoint<P, Q, B>): Endpoint<P, Q, B> {
  return definition;
}
