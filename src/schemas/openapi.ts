import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { statusByCode } from '../errors';
import { endpoints } from '.';
import { problem } from './common';
import type { Endpoint } from './endpoint';

/** Codes that any call may answer with. */
const EVERYWHERE = ['invalid_request', 'internal', 'unavailable'];

/** The API description, OpenAPI 3.1, made from the schemas that check requests. */
export function describeApi({ version, serverUrl }: { version: string; serverUrl: string }): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method]: describeOperation(endpoint) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Ferry',
      version,
      description:
        'Sign-in, resumable file transfer in both directions, and what belongs to it. Errors are `application/problem+json`; programs look at `code`.',
    },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      schemas: { Problem: problem },
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'ferry.sid',
          description: 'Of a browser; over https `__Host-ferry.sid`. Changes only from our own pages.',
        },
        uploadTicket: {
          type: 'apiKey',
          in: 'query',
          name: 'ticket',
          description: 'Of POST /uploads/tickets.',
        },
      },
    },
  });
}

function describeOperation(endpoint: Endpoint): ZodOpenApiOperationObject {
  const { params, query, body, streamedBody, headers } = endpoint;
  return {
    operationId: endpoint.id,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    ...(endpoint.description !== undefined && { description: endpoint.description }),
    security: describeSecurity(endpoint.access),
    requestParams: {
      ...(params && { path: params }),
      ...(query && { query }),
      ...(headers && { header: describeHeaders(headers) }),
    },
    ...(body && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: { 'application/json': { schema: body } },
      },
    }),
    ...(streamedBody && {
      requestBody: {
        required: true,
        description: streamedBody.description,
        content: Object.fromEntries(
          Object.entries(streamedBody.types).map(([type, schema]) => [
            type,
            { schema: schema ?? { type: 'string' as const, format: 'binary' } },
          ]),
        ),
      },
    }),
    responses: describeResponses(endpoint),
  };
}

function describeSecurity(access: Endpoint['access']): Record<string, string[]>[] {
  switch (access) {
    case 'public':
      return [];
    case 'optional':
      return [{}, { accessToken: [] }, { session: [] }];
    case 'signed-in':
      return [{ accessToken: [] }, { session: [] }];
    case 'uploader':
      return [{ accessToken: [] }, { session: [] }, { uploadTicket: [] }];
  }
}

function describeHeaders(headers: Record<string, string>): z.ZodObject {
  return z.object(
    Object.fromEntries(
      Object.entries(headers).map(([name, description]) => [
        name,
        z.string().optional().meta({ description }),
      ]),
    ),
  );
}

function describeResponses(endpoint: Endpoint): ZodOpenApiResponsesObject {
  const responses: ZodOpenApiResponsesObject = {};
  for (const [status, { description, schema, type, headers }] of Object.entries(endpoint.responses)) {
    responses[`${Number(status)}` as '200'] = {
      description,
      ...(headers && { headers: describeHeaders(headers) }),
      ...(schema && { content: { 'application/json': { schema } } }),
      ...(type !== undefined && { content: { [type]: { schema: { type: 'string', format: 'binary' } } } }),
    };
  }
  const signIn = endpoint.access === 'public' ? [] : ['unauthenticated', 'invalid_token'];
  for (const [status, codes] of codesByStatus([...endpoint.errors, ...signIn, ...EVERYWHERE])) {
    responses[`${status}` as '400'] ??= {
      description: codes.map((code) => `\`${code}\``).join(' · '),
      content: { 'application/problem+json': { schema: problem } },
    };
  }
  return responses;
}

function codesByStatus(codes: string[]): Map<number, string[]> {
  const statuses = new Map<number, string[]>();
  for (const code of codes) {
    const status = statusByCode.get(code);
    if (status === undefined) throw new RangeError(`${code} is not in the catalogue`);
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return statuses;
}
