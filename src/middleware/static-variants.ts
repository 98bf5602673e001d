import { acceptableCodings, isCompressible, type ContentCoding } from '../services/http/content-codings';
import type { Context } from './context';
import type { StaticFinder } from './static-finder';
import type { StaticFile } from './static-opener';
import { isHashed, type StaticTags } from './static-tags';

/** A file that has what a static file has, compressed or as it is. */
export interface StaticVariant {
  file: StaticFile;
  coding: ContentCoding;
}

const EXTENSIONS = { br: '.br', gzip: '.gz' } as const;

/** Chooses among a static file and its compressed forms, which lie beside it: `style.css.br`, `style.css.gz`. */
export class StaticVariants {
  constructor(
    private readonly find: StaticFinder,
    private readonly tags: StaticTags,
  ) {}

  /**
   * The form that the request likes best, open. What is there in no coding that it takes is sent as it is, as if it
   * were not negotiated at all: that is of more use than a 406.
   */
  async choose(ctx: Context, original: StaticFile): Promise<StaticVariant> {
    if (isCompressible(original.type) && isHashed(original)) {
      for (const coding of acceptableCodings(ctx.req.headersDistinct['accept-encoding'])) {
        if (coding === 'identity') break;
        const file = await this.open(ctx, original, coding);
        if (file) return { file, coding };
      }
    }
    return { file: original, coding: 'identity' };
  }

  /** Null when there is none, or it is larger than the original or another content's: left over from before a change. */
  private async open(
    ctx: Context,
    original: StaticFile,
    coding: keyof typeof EXTENSIONS,
  ): Promise<StaticFile | null> {
    const file = await this.find(ctx, ctx.path + EXTENSIONS[coding]);
    if (!file) return null;
    let chosen = false;
    try {
      // By what it decodes to, because times tell little of files that were copied, unpacked or checked out.
      chosen =
        file.size < original.size &&
        (await this.tags.ofDecoded(file, coding)) === (await this.tags.of(original));
    } finally {
      if (!chosen) await file.close();
    }
    return chosen ? file : null;
  }
}
