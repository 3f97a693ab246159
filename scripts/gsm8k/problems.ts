/** A document of the experiment. */
export interface TextDocument {
  readonly id: string;
  readonly text: string;
  readonly source: string;
}

/**
 * The problems of a GSM8K file (JSON lines with `question` and `answer`) as plain text, answer below question, calculator annotations and all. Ids are
 * `prefix` and the line, from 0. Throws an error that names file and line for a line that is no problem.
 */
export function readProblems(lines: string, file: string, prefix: string): TextDocument[] {
  return lines.trimEnd().split('\n').map((line, at) => {
    const { question, answer } = problemOf(line, `${file}, line ${at + 1}`);
    return { id: `${prefix}-${String(at).padStart(5, '0')}`, text: `${question}\n${answer}`, source: 'gsm8k' };
  });
}

function problemOf(line: string, subject: string): { readonly question: string; readonly answer: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Error(`${subject} must be JSON with "question" and "answer": ${(error as Error).message}`, { cause: error });
  }
  const { question, answer } = (value ?? {}) as { readonly question?: unknown; readonly answer?: unknown };
  if (typeof question !== 'string' || typeof answer !== 'string') throw new Error(`${subject} must have a "question" and an "answer" that are text, got ${line.slice(0, 80)}`);
  return { question, answer };
}

/** A text cut at blank lines into passages of some hundred characters, in order; the last may be shorter. `lengths` draws how long each has to be. */
export function cutPassages(text: string, prefix: string, lengths: () => number): TextDocument[] {
  const passages: TextDocument[] = [];
  let open = '';
  let wanted = lengths();
  const close = (): void => {
    if (open === '') return;
    passages.push({ id: `${prefix}-${String(passages.length).padStart(5, '0')}`, text: open, source: prefix });
    open = '';
    wanted = lengths();
  };
  for (const paragraph of text.split(/\n\s*\n/)) {
    if (paragraph.trim() === '') continue;
    open += `${open === '' ? '' : '\n\n'}${paragraph.trim()}`;
    if (open.length >= wanted) close();
  }
  close();
  return passages;
}
