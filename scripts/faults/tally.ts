import type { Found } from './bench.js';

/** A line of the table. */
interface Line {
  readonly fault: string;
  tried: number;
  survived: number;
  lost: number;
  doubled: number;
  readonly notes: string[];
}

const NOTHING: Found = { lost: 0, doubled: 0, different: [] };

/** Counts what became of every fault, and prints it as a table. */
export class Tally {
  readonly #lines = new Map<string, Line>();
  readonly #failures: string[] = [];
  readonly #skipped: string[] = [];

  /**
   * Injects a fault and judges what is left: survived where `inject` returns and what it found is without fault. Several faults may be judged by one look
   * at the end: `inject` then returns how many they were.
   */
  async trial(fault: string, inject: () => Promise<Partial<Found> & { readonly tried?: number; readonly note?: string }>): Promise<void> {
    const line = this.#line(fault);
    try {
      const { tried = 1, note, ...found } = await inject();
      const { lost, doubled, different } = { ...NOTHING, ...found };
      line.tried += tried;
      line.lost += lost;
      line.doubled += doubled;
      if (note !== undefined) line.notes.push(note);
      if (lost + doubled + different.length === 0) line.survived += tried;
      else this.#failures.push(`${fault}: ${lost} rows lost, ${doubled} doubled; other bytes in ${different.join(', ') || 'no file'}`);
    } catch (error) {
      line.tried++;
      this.#failures.push(`${fault}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  skip(fault: string, why: string): void {
    this.#skipped.push(`${fault}: skipped, ${why}`);
  }

  get allSurvived(): boolean {
    return this.#failures.length === 0;
  }

  /** A Markdown table, then what went wrong and what was left out. */
  toString(): string {
    const rows = [...this.#lines.values()].map(({ fault, tried, survived, lost, doubled, notes }) => {
      return `| ${fault} | ${tried} | ${survived} | ${lost} | ${doubled} | ${notes.join('; ')} |`;
    });
    const table = ['| fault | tried | survived | rows lost | rows doubled | |', '|---|---|---|---|---|---|', ...rows];
    return [...table, ...this.#skipped, ...this.#failures.map((failure) => `FAILED ${failure}`)].join('\n');
  }

  #line(fault: string): Line {
    let line = this.#lines.get(fault);
    if (line === undefined) this.#lines.set(fault, (line = { fault, tried: 0, survived: 0, lost: 0, doubled: 0, notes: [] }));
    return line;
  }
}
