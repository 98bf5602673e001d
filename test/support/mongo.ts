/** A database on the server that tests may make databases on. */
export function mongoServerUrl(database: string): URL {
  const given = process.env.TEST_MONGO_URL;
  if (given === undefined || given === '')
    throw new Error('TEST_MONGO_URL should name a MongoDB server, e.g. mongodb://127.0.0.1:27017');
  const url = new URL(given);
  url.pathname = `/${database}`;
  return url;
}
