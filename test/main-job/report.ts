/** Prints what was checked, a line each, and remembers whether anything failed. */
export class Report {
  private failed = 0;
  private passed = 0;

  section(title: string): void {
    process.stdout.write(`\n${title}\n`);
  }

  note(text: string): void {
    process.stdout.write(`    ${text}\n`);
  }

  check(what: string, holds: boolean, seen = ''): void {
    if (holds) this.passed += 1;
    else this.failed += 1;
    process.stdout.write(`  ${holds ? '✓' : '✗'} ${what}${seen === '' ? '' : `  (${seen})`}\n`);
  }

  /** @returns the exit code */
  end(): number {
    process.stdout.write(`\n${this.passed} passed, ${this.failed} failed\n`);
    return this.failed === 0 ? 0 : 1;
  }
}
