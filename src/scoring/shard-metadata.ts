import { planHash, type Plan } from '../run/plan.js';

/** Footer entries that tie a shard to its run: what a file says of itself when it is found alone. No times, hosts or attempts. */
export function shardMetadata(plan: Plan, unit: number): Record<string, string> {
  const { model, tokenizer, windows } = plan;
  return {
    'touchstone.plan_hash': planHash(plan),
    'touchstone.unit': String(unit),
    'touchstone.model_hash': model.hash,
    'touchstone.model_type': model.modelType,
    'touchstone.tokenizer_hash': tokenizer.hash,
    'touchstone.precision': model.precision,
    'touchstone.device': model.device,
    'touchstone.layout': windows.layout,
    'touchstone.context_length': String(windows.contextLength),
    'touchstone.stride': String(windows.stride),
    'touchstone.bos': windows.bos,
  };
}
