import { Unavailable } from '../../src/errors';
import { commentsContract } from './content/comments';
import { documentsContract } from './content/documents';
import { aDocument, type ContentDatabase } from './content/records';

/**
 * What every form of the document store does.
 * @param open makes an empty one
 */
export function contentContract(name: string, open: () => Promise<ContentDatabase>): void {
  describe(name, () => {
    let database: ContentDatabase;

    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database.destroy());

    documentsContract(() => database.store);
    commentsContract(() => database.store);

    describe('its life', () => {
      it('shares its data with other processes, and ends without them', async () => {
        const document = aDocument();
        const other = await database.another();
        await other.documents.insert(document);
        expect(await database.store.documents.find(document.id)).toStrictEqual(document);
        await other.ping();
        await other.close();
        await other.close();
        await expect(other.documents.find(document.id)).rejects.toThrow(Unavailable);
        await expect(other.ping()).rejects.toThrow(Unavailable);
        expect(await database.store.documents.find(document.id)).toStrictEqual(document);
      });

      it('names its form and its place', () => {
        expect(database.store.form).toMatch(/\w/);
        expect(database.store.location).toMatch(/\w/);
      });
    });
  });
}
