import path from 'node:path';
import { namedFinder, type StaticFinder } from './static-finder';

/** What the API page needs of swagger-ui: names of files by the paths that it asks for. */
const NAMES = new Map([
  ['/docs/assets/swagger-ui.css', 'swagger-ui.css'],
  ['/docs/assets/swagger-ui-bundle.js', 'swagger-ui-bundle.js'],
]);

function packageDirectory(): string {
  return path.dirname(require.resolve('swagger-ui-dist/package.json'));
}

/** Finds the files of swagger-ui where the API page asks for them. */
export function docsAssets(): StaticFinder {
  return namedFinder(packageDirectory(), NAMES);
}

/** Where these files lie, by the paths that they are asked for by. */
export function docsAssetFiles(): Map<string, string> {
  const directory = packageDirectory();
  return new Map([...NAMES].map(([asked, name]) => [asked, path.join(directory, name)]));
}
