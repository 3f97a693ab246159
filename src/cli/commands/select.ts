import { resolveMaskOptions, type MaskFlags } from '../../config/mask-settings.js';
import { MASKS_NAME, ruleText } from '../../masks/mask-record.js';
import { writeMasks } from '../../masks/write-masks.js';
import { listenForInterrupt } from '../interrupt.js';
import { bytesText, counted } from '../number-text.js';
import { shortPath } from '../short-path.js';

export async function runSelect(run: string, flags: MaskFlags & { readonly json?: boolean }): Promise<void> {
  const options = resolveMaskOptions(run, flags);
  const interrupt = listenForInterrupt();
  try {
    const record = await writeMasks(options, { signal: interrupt.signal });
    const { documents, tokens, candidates, kept } = record.totals;
    if (kept === 0) process.stderr.write(`warning: the selection keeps no token (${ruleText(record.rule)}): a trainer would have nothing to learn from\n`);
    if (flags.json === true) {
      process.stdout.write(`${JSON.stringify({ out: options.out, ...record })}\n`);
      return;
    }
    const bytes = record.files.reduce((sum, file) => sum + file.bytes, 0);
    const share = candidates === 0 ? '0' : ((100 * kept) / candidates).toFixed(1);
    process.stdout.write(
      `kept       ${kept} of ${candidates} ${candidates === 1 ? 'candidate' : 'candidates'} (${share} %), of ${counted(tokens, 'token')} in ${counted(documents, 'document')}\n` +
        `written    ${counted(record.files.length, 'file')}, ${bytesText(bytes)}, and ${shortPath(options.out)}/${MASKS_NAME}\n`,
    );
  } finally {
    interrupt.dispose();
  }
}
