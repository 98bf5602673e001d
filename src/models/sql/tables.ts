import type { Sequelize } from 'sequelize';
import type { Tables } from '.';
import { archivesIn, defineArchives } from './archives';
import { attachmentsIn, defineAttachments } from './attachments';
import { blobsIn, defineBlobs } from './blobs';
import { defineExtents, extentsIn } from './extents';
import { defineFiles, filesIn } from './files';
import { defineIdempotency, idempotencyIn } from './idempotency';
import { defineIdentities, identitiesIn } from './identities';
import { defineLinks, linksIn } from './links';
import { defineManifests, manifestsIn } from './manifests';
import { defineSignIns, signInsIn } from './sign-ins';
import type { Within } from './table';
import { defineUploads, uploadsIn } from './uploads';
import { defineUsers, usersIn } from './users';

/**
 * Tells Sequelize about the tables.
 * @param guard goes around each repository
 * @returns the repositories as seen from within a transaction, or outside of any
 */
export function defineTables(
  sequelize: Sequelize,
  guard: <T extends object>(repository: T) => T,
): (transaction: Within) => Tables {
  const users = defineUsers(sequelize);
  const identities = defineIdentities(sequelize);
  const signIns = defineSignIns(sequelize);
  const files = defineFiles(sequelize);
  const blobs = defineBlobs(sequelize);
  const manifests = defineManifests(sequelize);
  const uploads = defineUploads(sequelize);
  const extents = defineExtents(sequelize);
  const idempotency = defineIdempotency(sequelize);
  const links = defineLinks(sequelize);
  const archives = defineArchives(sequelize);
  const attachments = defineAttachments(sequelize);
  return (transaction) => ({
    users: guard(usersIn(users, transaction)),
    identities: guard(identitiesIn(identities, transaction)),
    signIns: guard(signInsIn(signIns, transaction)),
    files: guard(filesIn(files, transaction)),
    blobs: guard(blobsIn(blobs, transaction)),
    manifests: guard(manifestsIn(manifests, transaction)),
    uploads: guard(uploadsIn(uploads, transaction)),
    extents: guard(extentsIn(extents, sequelize, transaction)),
    idempotency: guard(idempotencyIn(idempotency, transaction)),
    links: guard(linksIn(links, transaction)),
    archives: guard(archivesIn(archives, transaction)),
    attachments: guard(attachmentsIn(attachments, transaction)),
  });
}
