import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { envExample } from '../../scripts/env-example';
import { readConfig } from '../../src/config';
import { settings } from '../../src/settings';

const FILE = path.join(__dirname, '../../.env.example');

describe('.env.example', () => {
  const text = readFileSync(FILE, 'utf8');
  const keys = [...text.matchAll(/^# ([A-Z][A-Z0-9_]*)=/gm)].map(([, key]) => key ?? '');

  it('is what `npm run env:example` makes of the settings', () => {
    expect(text).toBe(envExample());
  });

  it('names every setting once', () => {
    expect([...keys].sort()).toEqual(Object.keys(settings.shape).sort());
  });

  it('says what each is for', () => {
    for (const key of keys) expect(text).toMatch(new RegExp(`^# \\S.*\\n# ${key}=`, 'm'));
  });

  it('changes nothing as it is, nor with every default set', () => {
    expect(parseEnv(text)).toEqual({});
    const uncommented = parseEnv(text.replace(/^# (?=[A-Z][A-Z0-9_]*=)/gm, '')) as Record<string, string>;
    expect(Object.keys(uncommented)).toHaveLength(keys.length);
    expect(readConfig(uncommented)).toEqual(readConfig({}));
  });
});
