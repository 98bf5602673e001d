import { createHash } from 'node:crypto';
import { PreconditionFailed } from '../errors';
import type { Context } from '../middleware/context';
import type { ExpectedVersions } from '../services/edit-loop';
import { parseEntityTags } from '../services/http/entity-tags';

/**
 * The entity tag of a resource that counts its edits: the version, for `If-Match`, and a digest of everything that is
 * shown, which also changes with what is no edit, such as a count of comments.
 */
function tagOf(version: number, shown: object): string {
  const digest = createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22);
  return `"${version}-${digest}"`;
}

/** Answers with the resource and its entity tag. */
export function answerVersioned(ctx: Context, version: number, shown: object): void {
  // Indented, the bytes are others; that tag is left to the middleware.
  if (!('pretty' in ctx.query)) ctx.set('ETag', tagOf(version, shown));
  ctx.body = shown;
}

/** The versions that `If-Match` names; null when it is missing or `*`. One that cannot be read matches nothing. */
export function expectedVersions(ctx: Context): ExpectedVersions {
  const lines = ctx.req.headersDistinct['if-match'];
  const tags = lines ? parseEntityTags(lines) : '*';
  if (tags === '*') return null;
  return (tags ?? []).flatMap((tag) => {
    const [, version] = /^"(\d{1,15})-/.exec(tag) ?? [];
    return version === undefined ? [] : [Number(version)];
  });
}

/**
 * Does the work, and where its precondition fails shows what there is instead.
 * @param current reads the resource as it is now
 */
export async function withCurrent<T>(
  work: () => Promise<T>,
  current: () => Promise<{ version: number; shown: object }>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PreconditionFailed)) throw error;
    const { version, shown } = await current();
    throw new PreconditionFailed(error.message, {
      headers: { ETag: tagOf(version, shown) },
      members: { current: shown },
    });
  }
}
