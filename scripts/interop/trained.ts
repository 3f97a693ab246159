/**
 * Opens trained models elsewhere: trains a few steps of each architecture by the command line, scores documents with what came out, and has transformers load the same
 * folders and find the same losses.
 *
 * usage: TOUCHSTONE_PYTHON=/path/to/python tsx scripts/interop/trained.ts (after npm run build)
 * The Python needs torch, transformers and pyarrow.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DEMO = join(ROOT, 'pipelines/demo');
const STEPS = 3;
const CONTEXT = 256;
const DOCUMENTS = 12;
/** One window of CONTEXT tokens holds so much text of the demo corpus. */
const LONGEST_TEXT = 500;

const decoder = { vocab_size: 2048, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: CONTEXT, bos_token_id: 0, eos_token_id: 1 };
const ARCHITECTURES: Readonly<Record<string, object>> = {
  'llama-tied': { ...decoder, model_type: 'llama', tie_word_embeddings: true },
  'llama-untied': { ...decoder, model_type: 'llama', tie_word_embeddings: false },
  qwen2: { ...decoder, model_type: 'qwen2', tie_word_embeddings: true },
  qwen3: { ...decoder, model_type: 'qwen3', head_dim: 16, tie_word_embeddings: false },
  mistral: { ...decoder, model_type: 'mistral', sliding_window: 40, tie_word_embeddings: false },
  gpt2: { model_type: 'gpt2', vocab_size: 2048, n_embd: 32, n_layer: 2, n_head: 4, n_positions: CONTEXT, bos_token_id: 0, eos_token_id: 1 },
};

function touchstone(...args: readonly string[]): void {
  execFileSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args, '--quiet'], { stdio: ['ignore', 'inherit', 'inherit'] });
}

const python = process.env['TOUCHSTONE_PYTHON'];
if (python === undefined || python === '') {
  console.log('trained models: skipped, TOUCHSTONE_PYTHON names no Python with torch, transformers and pyarrow');
} else {
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-trained-'));
  try {
    const texts = (await readFile(join(DEMO, 'corpus.jsonl'), 'utf8')).split('\n').filter((line) => line !== '' && line.length < LONGEST_TEXT).slice(0, DOCUMENTS);
    const corpus = join(folder, 'corpus.jsonl');
    await writeFile(corpus, `${texts.join('\n')}\n`);
    for (const [name, init] of Object.entries(ARCHITECTURES)) {
      const common = [
        'train', '--objective', 'causal', '--corpus', corpus, '--tokenizer', join(DEMO, 'model'), '--length', '63', '--sequences', '2', '--steps', String(STEPS), '--learning-rate', '0.01',
        '--threads', '1', '--set', `model.init=${JSON.stringify(init)}`, '--set', 'run.checkpointEvery=1',
      ];
      touchstone(...common, '--out', join(folder, name, 'F32'));
      for (const dtype of ['F16', 'BF16']) {
        await cp(join(folder, name, 'F32'), join(folder, name, dtype), { recursive: true });
        touchstone(...common, '--out', join(folder, name, dtype), '--set', `output.dtype=${dtype}`, '--resume');
      }
      for (const dtype of ['F32', 'F16', 'BF16']) {
        const run = join(folder, name, dtype);
        touchstone('score', '--corpus', corpus, '--model', join(run, 'model'), '--out', join(run, 'scores'), '--bos', 'bos', '--context-length', String(CONTEXT), '--threads', '1');
      }
    }
    execFileSync(python, [join(ROOT, 'scripts/interop/trained.py'), folder], { stdio: 'inherit', env: { ...process.env, HF_HUB_OFFLINE: '1' } });
  } finally {
    await rm(folder, { recursive: true });
  }
}
