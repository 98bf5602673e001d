import type { ContentPlan } from './content-plan';
import type { FieldLines } from './fields';

/** nginx's not-modified filter judges these, before it knows the ETag. */
const JUDGED_BY_NGINX = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const;

/** One range, spelt so that nobody reads it in another way; 15 digits are below every limit. */
const PLAIN_RANGE = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/;

/** Made by nginx from the file and the request's `Range`. Of Accept-Ranges it thinks only when it sends the whole. */
const MADE_BY_NGINX: Record<number, string[]> = {
  200: ['Accept-Ranges', 'Content-Length'],
  206: ['Content-Length', 'Content-Range'],
};

/**
 * The answer that has nginx send the planned bytes from a file of its own. nginx gets the client's request with it and
 * reads `Range` and `If-Range` again, so only that is handed over which it cannot understand in another way: bytes in
 * one piece, asked for by no range or one, without conditions but an If-Range that holds.
 * @param location where nginx has the file: a URI of an `internal` location
 * @returns null for what has to be sent from here
 */
export function handOver(plan: ContentPlan, headers: FieldLines, location: string): ContentPlan | null {
  const [span, ...others] = plan.spans;
  if (span?.kind !== 'content' || others.length > 0) return null;
  if (JUDGED_BY_NGINX.some((name) => headers[name] !== undefined)) return null;
  if (headers.range !== undefined && !isReadAlike(plan, headers)) return null;
  const passedOn = Object.entries(plan.headers).filter(
    ([name]) => !MADE_BY_NGINX[plan.status]?.includes(name),
  );
  return {
    status: plan.status,
    headers: { ...Object.fromEntries(passedOn), 'Content-Length': '0', 'X-Accel-Redirect': location },
    spans: [],
  };
}

function isReadAlike({ status, headers: planned }: ContentPlan, headers: FieldLines): boolean {
  const { range: ranges = [], 'if-range': validators = [] } = headers;
  const [range = ''] = ranges;
  const [validator = planned.ETag] = validators;
  return (
    status === 206 &&
    ranges.length === 1 &&
    PLAIN_RANGE.test(range) &&
    validators.length <= 1 &&
    (validator === planned.ETag || validator === planned['Last-Modified'])
  );
}
