import type { z } from 'zod';
import type { FileRecord } from '../models/sql';
import type { mergedFile, resumableReceipt } from '../schemas/client-uploads';
import { receivedBytes } from '../services/chunk-grid';
import type { UploadState } from '../services/uploads';
import { presentFile } from './files';

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentMergedFile(record: FileRecord, base: string): z.input<typeof mergedFile> {
  const file = presentFile(record, base);
  return { url: file.contentUrl, file };
}

/** @param base of links: the public URL, or nothing for links relative to this server */
export function presentReceipt(state: UploadState, base: string): z.input<typeof resumableReceipt> {
  const { upload, extents, file } = state;
  const received = file ? file.size : receivedBytes(extents);
  return {
    uploadId: upload.id,
    receivedBytes: received,
    ...(file && presentMergedFile(file, base)),
  };
}
