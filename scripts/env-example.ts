import { z } from 'zod';
import { settings } from '../src/settings';

/** The first setting of each group, with what the group is about. */
const GROUPS: Record<string, string> = {
  NODE_ENV: 'The process and its address',
  DATA_DIR: 'Where things lie',
  LOG_LEVEL: 'Log',
  JWT_SECRET: 'Sign-in',
  SIGN_IN_LIMIT: 'Limits on sign-in',
  WECHAT_APPID: 'WeChat',
  MAX_FILE_BYTES: 'Files and uploads',
  JSON_BODY_BYTES: 'Limits of requests',
};

const INTRODUCTION = `# Every setting of Ferry. Copy this file to .env and remove the # before what you change.
# Generated from src/settings.ts by \`npm run env:example\`: change it there.
`;

interface SettingDescription {
  description?: string;
  default?: string;
}

/** The text of .env.example. */
export function envExample(): string {
  const { properties = {} } = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' });
  const entries = Object.entries(properties as Record<string, SettingDescription>).map(([key, setting]) => {
    const heading = GROUPS[key];
    return `${heading === undefined ? '' : `\n## ${heading}\n`}${describe(key, setting)}`;
  });
  return INTRODUCTION + entries.join('');
}

function describe(key: string, { description = '', default: value = '' }: SettingDescription): string {
  return `\n# ${description}\n# ${key}=${value}\n`;
}

if (require.main === module) process.stdout.write(envExample());
