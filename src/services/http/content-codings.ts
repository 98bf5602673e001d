import { trimOws } from './fields';

/** A content coding (RFC 9110 §8.4.1) that files are compressed with ahead, or none. */
export type ContentCoding = 'br' | 'gzip' | 'identity';

/** Where weights are equal, the smallest first. */
const PREFERENCE: readonly ContentCoding[] = ['br', 'gzip', 'identity'];

/** RFC 9110 §12.4.2: a weight has at most three digits after the point. */
const MEMBER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/** Less than any weight that can be given, more than a refusal. */
const UNSAID = 0.0001;

/** Types that compression makes smaller; pictures, sound, films and archives are compressed already. */
const COMPRESSIBLE =
  /^text\/|^application\/(?:javascript|json|xml|wasm)\b|\+(?:json|xml)\b|^font\/(?:ttf|otf)\b/;

/** Whether it is worth having content of a media type compressed. */
export function isCompressible(type: string): boolean {
  return COMPRESSIBLE.test(type);
}

/**
 * The codings that a request takes, the one that it likes best first (RFC 9110 §12.5.3). A malformed member counts as
 * not sent; of a repeated one the first counts.
 * @param lines of Accept-Encoding
 * @returns without `identity` only when that is refused (`identity;q=0`, or `*;q=0` without a word of identity)
 */
export function acceptableCodings(lines: readonly string[] = []): ContentCoding[] {
  const weights = weightsOf(lines.join(','));
  const weightOf = (coding: ContentCoding) =>
    weights.get(coding) ?? weights.get('*') ?? (coding === 'identity' ? UNSAID : 0);
  return PREFERENCE.filter((coding) => weightOf(coding) > 0).sort((a, b) => weightOf(b) - weightOf(a));
}

function weightsOf(value: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of value.split(',')) {
    const [, name, weight = '1'] = MEMBER.exec(trimOws(member)) ?? [];
    if (name === undefined) continue;
    // RFC 9110 §8.4.1.3
    const coding = name.toLowerCase().replace(/^x-gzip$/, 'gzip');
    if (!weights.has(coding)) weights.set(coding, Number(weight));
  }
  return weights;
}
