import type { Command } from 'commander';
import type { MaskFlags } from '../../config/mask-settings.js';

/** `touchstone select`. */
export function addSelectCommand(program: Command): void {
  program
    .command('select')
    .argument('<run>', 'folder of a finished score set')
    .summary('write a static selection as Parquet: token masks or labels, and scores of documents')
    .description(
      'Selects once over a whole score set, without a model, and writes beside each shard a Parquet file with the same rows: a mask or labels for every token, and for every document its mean loss, its ' +
        'percentile among the documents, and its bits per byte. For trainers that take static masks, and for filters of whole documents.',
    )
    .option('--out <folder>', 'folder for the Parquet files and masks.json')
    .option('--score <score>', 'reference, entropy, excess (with --live), intersection (with --scope document) or random (default reference)')
    .option('--live <run>', 'with --score excess: score set of the live model over the same documents')
    .option('--keep-fraction <share>', 'share of the scored tokens to keep (default 0.6)')
    .option('--threshold <number>', 'instead of a share: keep what is at most this (reference, entropy) or at least this (excess, random)')
    .option('--scope <scope>', 'corpus: all tokens compete; document: those of a document (default corpus)')
    .option('--reference-loss-cap <nats>', 'never keep a token whose reference loss is above this')
    .option('--format <format>', 'mask: list of booleans; labels: token ids with -100 where a token is not kept (default mask)')
    .option('--seed <number>', 'of the random score (default 0)')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  touchstone select runs/mine --keep-fraction 0.6 --out masks/mine-60')
    .action(async (run: string, flags: MaskFlags & { readonly json?: boolean }) => {
      const { runSelect } = await import('./select.js');
      await runSelect(run, flags);
    });
}
