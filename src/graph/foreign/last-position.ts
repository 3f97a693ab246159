import { TouchstoneError } from '../../errors.js';
import { intAttribute, isStandard, nodeTitle, type GraphIndex } from './graph-index.js';

/** Operators that leave the number of positions as it is; their first input is followed. */
const FOLLOWED = /^(Cast|Identity|MatMul|Gemm|Reshape|Squeeze|Unsqueeze|(Skip)?(Simplified)?LayerNormalization|RMSNormalization)$/;

/**
 * Refuses a model whose exporter kept the logits of the last position only, as text generation wants: nothing else could be scored.
 * @param rows the hidden rows or logits that the loss head is to pick from
 * @throws TouchstoneError ('usage')
 */
export function refuseLastPositionOnly(index: GraphIndex, logits: string, rows: string): void {
  const shape = index.declared(logits)?.shape;
  if (shape?.length === 3 && shape[1] === 1) throw lastOnly(`output ${logits} has shape [${shape.join(', ')}]`);
  for (let node = index.producer(rows); node !== undefined; node = index.producer(node.input[0] ?? '')) {
    // A fixed index or start; one that depends on an input ("logits_to_keep") is answered there.
    const fixed = index.integers(node.input[1] ?? '');
    const isPick = node.opType === 'Gather' && intAttribute(node, 'axis', 0) !== 0;
    if (isStandard(node.domain) && fixed !== null && (isPick || (node.opType === 'Slice' && fixed.some((start) => start !== 0)))) {
      throw lastOnly(`${nodeTitle(node)} takes ${fixed.join(', ')}`);
    }
    if (!FOLLOWED.test(node.opType)) return;
  }
}

function lastOnly(found: string): TouchstoneError {
  return new TouchstoneError('usage', `the model must give logits for every position, ${found}`, {
    advice: 'Export it again so that logits cover the whole sequence (no last-token pruning, logits_to_keep = 0).',
  });
}
