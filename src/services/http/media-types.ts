import { trimOws } from './fields';

const DEFAULT_TYPE = 'application/octet-stream';

/** Characters; what is longer is no honest type, and it goes into every header and every part. */
const MAX_LENGTH = 255;

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const ESSENCE = new RegExp(`^(${TOKEN})/(${TOKEN})(?=[ \\t;]|$)`);
/** RFC 9110 §5.6.6: a parameter may be empty. ASCII only, because the value is stored and sent as it is. */
const PARAMETER = new RegExp(
  `[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\t\\x20-\\x7e])*"))?`,
  'y',
);
const ONLY_TOKEN = new RegExp(`^${TOKEN}$`);

/** Unquotes what needs no quotes, so that one type has one spelling. */
function normalizeValue(value: string): string {
  if (!value.startsWith('"')) return value;
  const text = value.slice(1, -1).replace(/\\(.)/g, '$1');
  return ONLY_TOKEN.test(text) ? text : value;
}

function parseParameters(text: string, from: number): Map<string, string> | null {
  const parameters = new Map<string, string>();
  for (let index = from; index < text.length;) {
    PARAMETER.lastIndex = index;
    const match = PARAMETER.exec(text);
    if (!match) return null;
    const [matched, name, value] = match;
    if (name !== undefined && value !== undefined && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), normalizeValue(value));
    }
    index += matched.length;
  }
  return parameters;
}

/** A range of types is not a type; and multipart/byteranges would be taken for the framing of a 206. */
function isStorable(type: string, subtype: string): boolean {
  return type !== '*' && subtype !== '*' && !(type === 'multipart' && subtype === 'byteranges');
}

/**
 * Checks a media type that a client sent (RFC 9110 §8.3.1) and gives it one spelling: names in lower case, `; `
 * between parameters, quotes only where needed, the first of parameters with the same name.
 * @returns `application/octet-stream` for what is missing, malformed, longer than 255 characters or a wildcard
 */
export function normalizeMediaType(value: string | undefined): string {
  const text = trimOws(value ?? '');
  if (text.length > MAX_LENGTH) return DEFAULT_TYPE;
  const essence = ESSENCE.exec(text);
  const type = essence?.[1]?.toLowerCase();
  const subtype = essence?.[2]?.toLowerCase();
  if (essence === null || type === undefined || subtype === undefined || !isStorable(type, subtype)) {
    return DEFAULT_TYPE;
  }
  const parameters = parseParameters(text, essence[0].length);
  if (!parameters) return DEFAULT_TYPE;
  const parts = [...parameters].map(([name, parameter]) => `; ${name}=${parameter}`);
  const normalized = `${type}/${subtype}${parts.join('')}`;
  return normalized.length > MAX_LENGTH ? DEFAULT_TYPE : normalized;
}

/**
 * Whether a browser may show the type in place, given `X-Content-Type-Options: nosniff`: pictures, sound, films and
 * plain text. Whatever can carry a script is not: HTML, SVG and all other XML, and PDF, whose scripts the viewer runs.
 */
export function isInlineSafe(type: string): boolean {
  const [essence = ''] = normalizeMediaType(type).split(';');
  if (essence === 'text/plain') return true;
  return /^(?:image|audio|video)\//.test(essence) && !/svg|xml|html/.test(essence);
}
