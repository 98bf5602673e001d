import pino from 'pino';
import { ConfigError, readConfig } from '../../src/config';
import { logErrors } from '../../src/middleware/log-errors';
import { openMongoContent } from '../../src/models/content/mongo';

/** The port of tcpmux, where nobody listens. */
const NOBODY = '127.0.0.1:1/ferry';

describe('the address of MongoDB', () => {
  it.each([
    `mongodb://us@er:secret@${NOBODY}`,
    `mongodb://user:sec/secret@${NOBODY}`,
    `mongodb://user:sec:secret@${NOBODY}`,
    `mongodb://${NOBODY}@secret`,
    'http://user:secret@127.0.0.1',
  ])('that cannot be right stops the start without being quoted: %s', (MONGO_URL) => {
    expect(() => readConfig({ MONGO_URL })).toThrow(ConfigError);
    expect(() => readConfig({ MONGO_URL })).not.toThrow(/secret/);
  });

  it.each([
    `mongodb://user:secret%@${NOBODY}`,
    'mongodb://user:secret@127.0.0.1:99999/ferry',
    `mongodb://user:secret@${NOBODY}?tls=secret`,
    `mongodb://${NOBODY}?password=secret`,
  ])('that the driver cannot read stops the start without being quoted: %s', async (url) => {
    const error = await openMongoContent(url).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect(`${String(error)} ${(error as Error).stack ?? ''}`).not.toContain('secret');
  });

  it.each([
    'mongodb://127.0.0.1',
    'mongodb://127.0.0.1:27017/?directConnection=true',
    'mongodb://user:p%40ss@one:27017,two:27018,[::1]:27019/ferry?replicaSet=rs&authSource=admin',
    'mongodb+srv://user:pass@cluster.example.net/ferry?retryWrites=true',
    'mongodb://user@127.0.0.1?appName=a@b',
  ])('may be %s', (MONGO_URL) => {
    expect(readConfig({ MONGO_URL }).mongoUrl).toBe(MONGO_URL);
  });

  it('is shown and logged without its secrets, also when nobody answers there', async () => {
    const store = await openMongoContent(`mongodb://user:secret@${NOBODY}?appName=secret`);
    expect(store.location).toBe(`mongodb://${NOBODY}`);
    const error = (await store.documents.find('any').catch((thrown: unknown) => thrown)) as Error;
    await store.close();
    const lines: string[] = [];
    const log = logErrors(pino({ level: 'trace' }, { write: (line: string) => lines.push(line) }));
    log(error);
    log(error.cause as Error);
    expect(lines.join('')).toContain('ECONNREFUSED');
    expect(lines.join('')).not.toContain('secret');
  });
});
