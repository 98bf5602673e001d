import type { Context } from '../../middleware/context';

/** Says which file an upload became where the protocol of the client has no place for it. */
export function tellFile(ctx: Context, file: { id: string } | null): void {
  if (file) ctx.set('Ferry-File-Id', file.id);
}
