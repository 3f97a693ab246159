import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import type * as Stateful from '../../src/runtime/stateful-session.js';
import { train, type TrainEvent } from '../../src/training/train.js';
import { openPathsBelow } from '../corpus/open-files.js';
import { DEMO_MODEL, cleanDocuments, writeJsonl } from '../scoring/demo-run.js';

const sessions = vi.hoisted(() => ({ open: 0, closeFails: false }));

vi.mock('../../src/runtime/stateful-session.js', async (importOriginal) => {
  const original = await importOriginal<typeof Stateful>();
  return {
    ...original,
    openStatefulSession: async (...given: Parameters<typeof original.openStatefulSession>) => {
      const session = await original.openStatefulSession(...given);
      sessions.open++;
      return {
        ...session,
        close: async () => {
          await session.close();
          sessions.open--;
          if (sessions.closeFails) throw new Error('the session cannot be closed');
        },
      };
    },
  };
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-failures-'));
  writeJsonl(join(folder, 'corpus.jsonl'), cleanDocuments(5));
});
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
beforeEach(() => { Object.assign(sessions, { open: 0, closeFails: false }); });

const INIT = { model_type: 'llama', vocab_size: 2048, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 64, tie_word_embeddings: true };

function run(out: string, onEvent: (event: TrainEvent) => void = () => undefined): Promise<unknown> {
  const set = [
    'objective.kind=causal', `model.init=${JSON.stringify(INIT)}`, `tokenizer.path=${DEMO_MODEL}`, `data.corpus=${join(folder, 'corpus.jsonl')}`, 'data.length=32', 'batch.sequences=2',
    'optimizer.learningRate=0.003', 'run.steps=2', 'run.threads=1', `output.folder=${join(folder, out)}`,
  ];
  return train(resolveTrainOptions({ set, flags: {}, cwd: folder }), { onEvent });
}

describe('a training run that fails', () => {
  it('closes its session where its log cannot be opened', async () => {
    const block = ({ kind }: TrainEvent): void => {
      if (kind === 'prepared') mkdirSync(join(folder, 'blocked/metrics.jsonl'), { recursive: true });
    };
    await expect(run('blocked', block)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('cannot open') as string });
    expect(sessions.open).toBe(0);
    expect(await openPathsBelow(folder)).toEqual([]);
  });

  it('says why, whatever goes wrong while it is closed', async () => {
    sessions.closeFails = true;
    await expect(run('broken', ({ kind }) => { if (kind === 'step') throw new Error('nobody listens'); })).rejects.toThrow('nobody listens');
    expect(sessions.open).toBe(0);
    expect(await openPathsBelow(folder)).toEqual([]);
    await expect(run('closing')).rejects.toThrow('the session cannot be closed');
  });
});
