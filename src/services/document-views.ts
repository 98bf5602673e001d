import { NotFound } from '../errors';
import type { ContentStore, DocumentRecord } from '../models/content';
import type { FileRecord, SqlStore } from '../models/sql';
import type { Attachments } from './attachments';
import { findAuthors, type Authors } from './authors';
import { RENDERER, type Markdown } from './markdown';

/** A document with what is shown of others beside it. */
export interface DocumentView {
  document: DocumentRecord;
  authors: Authors;
  /** Those of its attachments that are there, by id. */
  files: Map<string, FileRecord>;
}

interface DocumentViewsOptions {
  sql: SqlStore;
  content: ContentStore;
  attachments: Attachments;
  markdown: Markdown;
}

/** Documents as they are shown: with their authors, their files, and HTML of the present renderer. */
export class DocumentViews {
  constructor(private readonly options: DocumentViewsOptions) {}

  async of(document: DocumentRecord): Promise<DocumentView> {
    const [view] = await this.ofMany([document]);
    if (!view) throw new NotFound();
    return view;
  }

  /** In the order given. */
  async ofMany(documents: DocumentRecord[]): Promise<DocumentView[]> {
    const { sql, attachments } = this.options;
    const [authors, files, rendered] = await Promise.all([
      findAuthors(sql, documents),
      attachments.filesOf(documents),
      Promise.all(documents.map((document) => this.rendered(document))),
    ]);
    return rendered.map((document) => ({ document, authors, files }));
  }

  /** What another renderer made is made anew, once. */
  private async rendered(document: DocumentRecord): Promise<DocumentRecord> {
    if (document.renderer === RENDERER) return document;
    const rendering = await this.options.markdown.render(document.body);
    await this.options.content.documents.keepRendering(document.id, document.version, rendering);
    return { ...document, ...rendering };
  }
}
