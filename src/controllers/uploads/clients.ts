import type { MergedUploads } from '../../services/merged-uploads';
import type { ResumableUploads } from '../../services/resumable-uploads';
import type { UnsizedChunks } from '../../services/unsized-chunks';
import { hashedUploadsController, type HashedUploadsController } from './hashed';
import { resumableController, type ResumableController } from './resumable';
import { wechatUploadsController, type WechatUploadsController } from './wechat';

/** The doors for other people's form-based upload clients. */
export interface ClientUploadControllers {
  resumable: ResumableController;
  hashed: HashedUploadsController;
  wechat: WechatUploadsController;
}

interface ClientUploadServices {
  resumableUploads: ResumableUploads;
  mergedUploads: MergedUploads;
  unsizedChunks: UnsizedChunks;
}

export function clientUploadControllers(
  { resumableUploads, mergedUploads, unsizedChunks }: ClientUploadServices,
  linkBase: string,
): ClientUploadControllers {
  return {
    resumable: resumableController({ resumableUploads, linkBase }),
    hashed: hashedUploadsController({ mergedUploads, unsizedChunks, linkBase }),
    wechat: wechatUploadsController({ mergedUploads, linkBase }),
  };
}
