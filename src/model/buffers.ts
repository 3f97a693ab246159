import type { ModelSpec } from '../records.js';

/**
 * Tensors that are no parameters: masks and rotary tables that earlier versions of transformers stored with the weights. Newer ones drop them on
 * loading (_keys_to_ignore_on_load_unexpected).
 */
const BUFFERS: Readonly<Record<ModelSpec['family'], RegExp>> = {
  llama: /(^|\.)rotary_emb\.inv_freq$/,
  gpt2: /(^|\.)attn\.(bias|masked_bias)$/,
  'gpt-neox': /(^|\.)attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/,
};

export function isBuffer(spec: ModelSpec, name: string): boolean {
  return BUFFERS[spec.family].test(name);
}
