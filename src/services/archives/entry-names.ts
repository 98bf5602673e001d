import { cleanFileName, numberedFileName } from '../http/file-names';

/**
 * Names that can lie in one folder of any system, in their order: clean, and the later ones of equal names numbered,
 * as in `a (2).txt`. Names that differ only in case count as equal, because they are so on Windows and macOS.
 */
export function entryNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  return names.map((name) => {
    const clean = cleanFileName(name);
    const key = folded(clean);
    let unique = clean;
    let number = numbers.get(key) ?? 1;
    while (taken.has(folded(unique))) unique = numberedFileName(clean, (number += 1));
    numbers.set(key, number);
    taken.add(folded(unique));
    return unique;
  });
}

function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}
