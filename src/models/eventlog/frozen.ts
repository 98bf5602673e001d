/** Data as JSON has it; null for what has no form in JSON. @throws TypeError for a cycle or a BigInt */
export function jsonOf(data: unknown): string {
  // Without a form in JSON (undefined, a function) there is nothing to tell but null.
  const json = JSON.stringify(data) as string | undefined;
  return json ?? 'null';
}

/** What the text says, the same for good: all readers share it. */
export function frozenFrom(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown) => Object.freeze(value));
}
