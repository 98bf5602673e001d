import { parseRange, type ByteSpan } from './byte-ranges';
import { evaluatePreconditions, ifRangeHolds, type Validators } from './conditions';
import type { FieldLines } from './fields';
import { formatHttpDate } from './http-dates';

/** The content that a request selects. */
export interface Representation extends Validators {
  /** Bytes, a safe integer. */
  size: number;
  /** A media type as `normalizeMediaType` gives it. */
  type: string;
}

export interface ContentRequest {
  /** `GET` or `HEAD`. */
  method: string;
  headers: FieldLines;
  representation: Representation;
  /** The current time, when it is not the clock's. */
  now?: Date;
}

/** A piece of the body: bytes as they are, or bytes [start, end) of the content, never empty. */
export type Span = { kind: 'literal'; bytes: Buffer } | ({ kind: 'content' } & ByteSpan);

/** What to answer. Cache-Control, Vary and Content-Disposition of the resource are the caller's to add. */
export interface ContentPlan {
  status: 200 | 206 | 304 | 412 | 416;
  headers: Record<string, string>;
  /** The body, in order; empty for HEAD, and for 304, 412 and 416, which have no content of the representation. */
  spans: Span[];
}

/** A multipart answer that is longer than the whole by this many bytes or more is not worth its framing. */
const MULTIPART_SLACK = 64 * 1024;

/** What every success says of the representation, whichever part of it is sent. */
function representationHeaders({ etag, lastModified }: Representation): Record<string, string> {
  return { 'Accept-Ranges': 'bytes', ETag: etag, 'Last-Modified': formatHttpDate(lastModified) };
}

function contentRange({ start, end }: ByteSpan, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

function planWhole(representation: Representation, hasBody: boolean): ContentPlan {
  const { size, type } = representation;
  return {
    status: 200,
    headers: {
      ...representationHeaders(representation),
      'Content-Type': type,
      'Content-Length': String(size),
    },
    spans: hasBody && size > 0 ? [{ kind: 'content', start: 0, end: size }] : [],
  };
}

function planSingle(representation: Representation, span: ByteSpan): ContentPlan {
  const { size, type } = representation;
  return {
    status: 206,
    headers: {
      ...representationHeaders(representation),
      'Content-Type': type,
      'Content-Length': String(span.end - span.start),
      'Content-Range': contentRange(span, size),
    },
    spans: [{ kind: 'content', ...span }],
  };
}

/**
 * A boundary must not occur in the content (RFC 2046 §5.1.1). It comes from the entity tag: content that contains the
 * hash of itself cannot be made.
 */
function boundaryOf(etag: string): string {
  const opaque = etag.replace(/^W\//, '').slice(1, -1);
  return `ferry-${opaque.replace(/[^0-9A-Za-z]/g, '-').slice(0, 64)}`;
}

/** RFC 9110 §14.6 and §15.3.7.2: no Content-Range on top, one in each part. */
function planMultipart(representation: Representation, ranges: ByteSpan[]): ContentPlan {
  const { size, etag, type } = representation;
  const boundary = boundaryOf(etag);
  const spans: Span[] = [];
  let length = 0;
  const addLiteral = (text: string): void => {
    const bytes = Buffer.from(text, 'latin1');
    spans.push({ kind: 'literal', bytes });
    length += bytes.length;
  };
  for (const [index, range] of ranges.entries()) {
    const delimiter = `${index === 0 ? '' : '\r\n'}--${boundary}\r\n`;
    addLiteral(`${delimiter}Content-Type: ${type}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`);
    spans.push({ kind: 'content', ...range });
    length += range.end - range.start;
  }
  addLiteral(`\r\n--${boundary}--\r\n`);
  if (length >= size + MULTIPART_SLACK) return planWhole(representation, true);
  return {
    status: 206,
    headers: {
      ...representationHeaders(representation),
      'Content-Type': `multipart/byteranges; boundary=${boundary}`,
      'Content-Length': String(length),
    },
    spans,
  };
}

function planNoContent(status: 412 | 416, headers: Record<string, string>): ContentPlan {
  return { status, headers: { 'Cache-Control': 'no-store', ...headers }, spans: [] };
}

/**
 * Decides how a GET or HEAD of stored content is answered: conditions (RFC 9110 §13), ranges (§14), headers and the
 * exact bytes of the body. For 412 and 416 the caller sends these headers with the body of an error.
 */
export function planContent({
  method,
  headers,
  representation,
  now = new Date(),
}: ContentRequest): ContentPlan {
  const { size, etag, lastModified } = representation;
  const request = { method, headers, validators: representation, now };
  const outcome = evaluatePreconditions(request);
  if (outcome === 'failed') return planNoContent(412, {});
  if (outcome === 'not-modified') {
    // RFC 9110 §15.4.5: validators, and nothing that describes the content.
    return { status: 304, headers: { ETag: etag, 'Last-Modified': formatHttpDate(lastModified) }, spans: [] };
  }
  // RFC 9110 §14.2: Range is defined for GET alone.
  const ranges = method === 'GET' && ifRangeHolds(request) ? parseRange(headers.range, size) : 'ignored';
  if (ranges === 'ignored') return planWhole(representation, method === 'GET');
  if (ranges === 'unsatisfiable') {
    return planNoContent(416, { 'Accept-Ranges': 'bytes', 'Content-Range': `bytes */${size}` });
  }
  const [first, ...others] = ranges;
  return first !== undefined && others.length === 0
    ? planSingle(representation, first)
    : planMultipart(representation, ranges);
}
