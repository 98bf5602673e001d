import type { AddressInfo } from 'node:net';
import type { HealthReport } from '../services/health';

const ROWS: Record<string, string> = {
  sql: 'records',
  content: 'documents',
  blobs: 'file contents',
  keyvalue: 'short-lived values',
  eventlog: 'events',
};

/** What a person at the terminal wants to know once Ferry runs. */
export function banner(version: string, url: string, { stores }: HealthReport): string {
  const rows = stores.map(({ name, form, location }) => [ROWS[name] ?? name, form, location ?? 'memory']);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([what = '', form = '', where = '']) =>
    `  ${what.padEnd(widths[0] ?? 0)}  ${form.padEnd(widths[1] ?? 0)}  ${where}`.trimEnd(),
  );
  return [
    '',
    `  Ferry ${version} is listening at ${url}`,
    '',
    ...lines,
    '',
    `  API description: ${url}/docs`,
    '',
  ].join('\n');
}

/** An address that a browser on this machine can open. */
export function localUrl({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://localhost:${port}`;
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
