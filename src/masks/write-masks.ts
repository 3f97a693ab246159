import { basename, join } from 'node:path';
import { TouchstoneError } from '../errors.js';
import { commitFile } from '../run/atomic-file.js';
import { canonicalJson } from '../run/canonical-json.js';
import { createFolder } from '../run/folder.js';
import { shardName } from '../run/layout.js';
import { readPlan } from '../run/plan.js';
import type { SelectionTokens } from '../selection/tokens.js';
import { openScoreSet, type ScoreSet } from '../store/index.js';
import { findCorpusEdge } from './corpus-edge.js';
import { DocumentRanks, meanLossOf } from './document-scores.js';
import { openMaskFile } from './mask-file.js';
import { MASKS_NAME, recordedRule, type MaskFile, type MaskRecord } from './mask-record.js';
import { checkMasksFolder } from './masks-folder.js';
import { Masker, WRITTEN_COLUMNS } from './masker.js';
import type { MaskOptions } from './options.js';
import { ruleOf } from './rule.js';
import { scoredGroups } from './score-groups.js';

export interface MaskHooks {
  readonly signal?: AbortSignal;
  /** Tokens written so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Selects once, over a whole score set, and writes a file of masks beside each shard's rows: for trainers with static masks, and for filters of whole documents. Over the corpus the
 * selection is exact, with ties in the order of the corpus (corpus-edge.ts). Memory: a row group of each set, and 8 bytes a document.
 *
 * Throws a usage error for a score whose losses are not there, and what reading throws; a mismatch where the folder is not free (masks-folder.ts): masks are
 * never replaced.
 */
export async function writeMasks(options: MaskOptions, { signal, onProgress = () => undefined }: MaskHooks = {}): Promise<MaskRecord> {
  const { run, live, out, format } = options;
  const rule = ruleOf(options);
  const scoreSet = await openScoreSet(run);
  const plan = await readPlan(run);
  if ((rule.score === 'entropy' || rule.score === 'intersection') && !plan.output.stats.entropy) {
    throw new TouchstoneError('usage', `--score ${rule.score} needs the entropy of every token, and ${run} was scored without it`, { advice: 'Score the corpus with --stats entropy, or select by reference.' });
  }
  const { planHash, modelHash, tokenizerHash, totals } = scoreSet.manifest;
  const identity = {
    source: { planHash, modelHash, tokenizerHash },
    live: rule.score === 'excess' ? (await openScoreSet(live!)).manifest.planHash : null,
    rule: recordedRule(options),
  };
  await checkMasksFolder(out, identity);
  const ranks = new DocumentRanks(await meansOf(scoreSet));
  const edge = options.scope === 'corpus' && rule.threshold === null ? await findCorpusEdge(() => tokensOf(scoreSet, options, signal), rule) : null;

  await createFolder(out);
  const masker = new Masker(rule, edge);
  const more = [...WRITTEN_COLUMNS, ...(format === 'labels' ? ['token_ids' as const] : []), ...(plan.output.stats.bytes ? ['token_bytes' as const] : [])] as const;
  const groups = scoredGroups(scoreSet, options, more)[Symbol.asyncIterator]();
  const files: MaskFile[] = [];
  let done = 0;
  try {
    let next = await groups.next();
    for (const shard of scoreSet.manifest.shards) {
      const name = basename(shardName(shard.unit));
      let kept = 0;
      const written = await commitFile(join(out, name), async (sink) => {
        const file = await openMaskFile(sink, format);
        while (next.done !== true && next.value.group.unit === shard.unit) {
          signal?.throwIfAborted();
          const { group } = next.value;
          kept += await masker.write(file, group, masker.mask(next.value), ranks);
          onProgress((done += group.tokens), scoreSet.manifest.totals.tokens);
          next = await groups.next();
        }
        await file.close({ 'touchstone.masks_version': '1', 'touchstone.plan_hash': scoreSet.manifest.planHash, 'touchstone.rule': canonicalJson(identity.rule) });
      }, signal === undefined ? {} : { signal });
      files.push({ path: name, sha256: written.sha256, bytes: written.bytes, rows: shard.rows, tokens: shard.tokens, kept });
    }
  } finally {
    await groups.return();
  }
  const record: MaskRecord = {
    formatVersion: 1,
    ...identity,
    totals: { documents: totals.rows, tokens: totals.tokens, scored: totals.scored, candidates: masker.candidates, kept: files.reduce((sum, { kept }) => sum + kept, 0) },
    files,
  };
  await commitFile(join(out, MASKS_NAME), (sink) => sink(new TextEncoder().encode(`${canonicalJson(record, 1)}\n`)));
  return record;
}

async function* tokensOf(scoreSet: ScoreSet, options: MaskOptions, signal: AbortSignal | undefined): AsyncGenerator<SelectionTokens, void, undefined> {
  for await (const { tokens } of scoredGroups(scoreSet, options)) {
    signal?.throwIfAborted();
    yield tokens;
  }
}

async function meansOf(scoreSet: ScoreSet): Promise<number[]> {
  const means: number[] = [];
  for await (const group of scoreSet.rowGroups({ columns: ['n_scored', 'loss_sum'] })) {
    for (let row = 0; row < group.rows; row++) if (group.columns.n_scored[row]! > 0) means.push(meanLossOf(group, row));
  }
  return means;
}
