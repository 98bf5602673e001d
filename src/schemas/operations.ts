import { z } from 'zod';
import { noQuery } from './common';
import { endpoint } from './endpoint';

const TAG = 'Operations';

export const getHealth = endpoint({
  id: 'getHealth',
  method: 'get',
  path: '/healthz',
  tag: TAG,
  summary: 'Whether the process runs',
  access: 'public',
  query: noQuery,
  responses: { 200: { description: 'It runs.', schema: z.object({ status: z.literal('ok') }) } },
  errors: [],
});

const readiness = z
  .object({
    ready: z.boolean(),
    draining: z.boolean().meta({ description: 'The process is about to stop.' }),
    stores: z.array(z.object({ name: z.string(), form: z.string(), up: z.boolean() })),
  })
  .meta({ id: 'Readiness' });

export const getReadiness = endpoint({
  id: 'getReadiness',
  method: 'get',
  path: '/readyz',
  tag: TAG,
  summary: 'Whether every store answers',
  access: 'public',
  query: noQuery,
  responses: {
    200: { description: 'Ready.', schema: readiness },
    503: { description: 'Not ready; `stores` says which are down.', schema: readiness },
  },
  errors: [],
});

export const getOpenApi = endpoint({
  id: 'getOpenApi',
  method: 'get',
  path: '/openapi.json',
  tag: TAG,
  summary: 'This description',
  access: 'public',
  query: noQuery,
  responses: { 200: { description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) } },
  errors: [],
});
