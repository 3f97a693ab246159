import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { score } from '../../src/scoring/score.js';
import { demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';

it('a score command removes what killed processes left in its run folder more than a day ago, and says so', async () => {
  const folder = temporaryFolder();
  writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(3));
  mkdirSync(join(folder, 'run/shards'), { recursive: true });
  const [old, young] = ['1', '2'].map((digit) => join(folder, `run/shards/.part-00000.parquet.000000000000000${digit}.tmp`));
  for (const path of [old!, young!]) writeFileSync(path, 'half');
  const dayBefore = new Date(Date.now() - 25 * 3600 * 1000);
  utimesSync(old!, dayBefore, dayBefore);
  const notes: string[] = [];
  await score(demoOptions(join(folder, 'corpus.jsonl'), join(folder, 'run')), { onEvent: (event) => { if (event.kind === 'note') notes.push(event.text); } });
  expect(notes).toEqual(['removed 1 temporary file that killed processes left more than a day ago']);
  expect([existsSync(old!), existsSync(young!)]).toEqual([false, true]);
});
