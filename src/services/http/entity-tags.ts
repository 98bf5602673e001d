import { trimOws } from './fields';

/** RFC 9110 §8.8.3: `W/` is case-sensitive, and a tag may contain commas and, as obs-text, Latin-1. */
const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/y;

function readEntityTag(value: string, from: number): string | null {
  ENTITY_TAG.lastIndex = from;
  return ENTITY_TAG.exec(value)?.[0] ?? null;
}

/**
 * Reads a single entity tag.
 * @returns the tag with its quotes and `W/`, or null
 */
export function parseEntityTag(value: string): string | null {
  const trimmed = trimOws(value);
  const tag = readEntityTag(trimmed, 0);
  return tag === trimmed ? tag : null;
}

/**
 * Reads the value of `If-Match` or `If-None-Match`: `*`, or a list that may go over several lines and may have empty
 * members (RFC 9110 §5.6.1.2).
 * @returns `*`, the tags with their quotes and `W/`, or null when it is malformed
 */
export function parseEntityTags(lines: readonly string[]): '*' | string[] | null {
  const value = trimOws(lines.join(','));
  if (value === '*') return '*';
  const tags: string[] = [];
  let mayBeTag = true;
  for (let index = 0; index < value.length;) {
    const char = value.charAt(index);
    if (char === ',') {
      mayBeTag = true;
      index += 1;
    } else if (char === ' ' || char === '\t') {
      index += 1;
    } else {
      const tag = mayBeTag ? readEntityTag(value, index) : null;
      if (tag === null) return null;
      tags.push(tag);
      mayBeTag = false;
      index += tag.length;
    }
  }
  return tags;
}

/** RFC 9110 §8.8.3.2: equal, and neither of them weak. */
export function matchesStrongly(a: string, b: string): boolean {
  return a === b && !a.startsWith('W/');
}

/** RFC 9110 §8.8.3.2: equal, weak or not. */
export function matchesWeakly(a: string, b: string): boolean {
  return a.replace(/^W\//, '') === b.replace(/^W\//, '');
}
