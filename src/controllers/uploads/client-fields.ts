import { InvalidRequest, type FieldError } from '../../errors';

/** Fields as a query or a form brings them: by name, and not yet looked at. */
export type ClientFields = Record<string, unknown>;

/** Names that reach an object's prototype when somebody merges them. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** As long as a file's name may be in this API. */
const LONGEST = 1024;

/**
 * Reads the fields of other people's clients one by one, and notes each that is wrong. Fields that are never asked for
 * are the site's own and none of our business.
 */
export class FieldReader {
  private readonly errors: FieldError[] = [];

  /** @param sources where a field may be; in more than one of them it has to be the same */
  constructor(private readonly sources: ClientFields[]) {
    for (const source of sources) {
      for (const name of Object.getOwnPropertyNames(source)) {
        if (FORBIDDEN.has(name)) this.refuse(name, 'is not a known field');
      }
    }
  }

  /** Whether the field is there, right or wrong. */
  has(name: string): boolean {
    return this.sources.some((source) => Object.hasOwn(source, name));
  }

  /** @returns '' for a field that is wrong; `done` throws then */
  text(name: string, { least = 1, otherwise }: { least?: number; otherwise?: string } = {}): string {
    const values = this.sources.filter((source) => Object.hasOwn(source, name)).map((source) => source[name]);
    const [value = otherwise] = values;
    if (typeof value !== 'string' || values.some((other) => typeof other !== 'string'))
      return this.refuse(name, value === undefined ? 'is missing' : 'should be there once, as text', '');
    if (values.some((other) => other !== value))
      return this.refuse(name, 'should be the same in the query and in the form', '');
    if (value.length < least) return this.refuse(name, 'should not be empty', '');
    if (value.length > LONGEST) return this.refuse(name, `should have at most ${LONGEST} characters`, '');
    if (!value.isWellFormed()) return this.refuse(name, 'should be well-formed Unicode', '');
    return value;
  }

  /** A whole number in decimal digits. @returns NaN for a field that is wrong; `done` throws then */
  number(name: string, least: number): number {
    const failed = this.errors.length;
    const text = this.text(name);
    if (this.errors.length > failed) return NaN;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    return this.refuse(name, `should be a whole number from ${least} on`, NaN);
  }

  /** Notes that a field is wrong. */
  refuse<T>(path: string, message: string, instead?: T): T {
    this.errors.push({ path, message });
    return instead as T;
  }

  /** @throws `InvalidRequest` naming every field that is wrong */
  done(): void {
    if (this.errors.length > 0) throw InvalidRequest.of(this.errors);
  }
}
