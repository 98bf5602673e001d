import { z } from 'zod';
import { API, noQuery, time } from './common';
import { endpoint } from './endpoint';

export const createUploadTicket = endpoint({
  id: 'createUploadTicket',
  method: 'post',
  path: `${API}/uploads/tickets`,
  tag: 'Uploads',
  summary: 'Get a ticket for upload clients that can send neither header nor cookie',
  description:
    'Such a client sends it as `?ticket=` with its uploads, and to nothing else. It is good until it expires or your sign-in ends.',
  access: 'signed-in',
  query: noQuery,
  responses: {
    201: { description: 'The ticket.', schema: z.object({ ticket: z.string(), expiresAt: time }) },
  },
  errors: [],
});
