// Counts what is left out, by place and reason, with the first few cases of each.

const shownCases = 3;

export class Skips {
  readonly #reasons = new Map<string, { count: number; cases: string[] }>();

  /** @param where the file, @param reason in the singular, @param what the case: a line, a picture's name */
  add(where: string, reason: string, what: string): void {
    const key = `${where}: \0${reason}`;
    const found = this.#reasons.get(key) ?? { count: 0, cases: [] };
    if (found.count++ < shownCases) found.cases.push(what);
    this.#reasons.set(key, found);
  }

  get total(): number {
    return [...this.#reasons.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** `captions_val.json: 3 × empty caption (image 0, image 2, image 2)` */
  sentences(): string[] {
    return [...this.#reasons].map(([key, { count, cases }]) => {
      const more = count > cases.length ? ', …' : '';
      return `${key.replace('\0', `${count.toLocaleString('en')} × `)} (${cases.join(', ')}${more})`;
    });
  }
}
