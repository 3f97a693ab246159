import { describe, expect, it } from 'vitest';
import type { TokenizedDocument } from '../../../src/records.js';
import type { Tensors } from '../../../src/runtime/protocol.js';
import { calibrationText } from '../../../src/cli/computation-text.js';
import { calibrationSchema } from '../../../src/run/calibration-record.js';
import { DeviceLost, DeviceOutOfMemory, ModelTooLarge } from '../../../src/runtime/device-faults.js';
import type { SessionPool } from '../../../src/runtime/session-pool.js';
import { calibrate, type CalibrationContext } from '../../../src/scoring/calibration/calibrate.js';

const sequence = (tokens: number): TokenizedDocument => ({ kind: 'tokenized', id: '', source: '', hash: '', tokenIds: Int32Array.from({ length: tokens }, (_, at) => at) });
const SAMPLE = { documents: 3, tokens: 30, sequences: [sequence(5), sequence(15), sequence(10)] };
const BATCHES: CalibrationContext['batches'] = { contextLength: 16, stride: 8, prefixId: null, batchTokens: 20, shapes: { kind: 'fitted', chunkRows: 4 }, stats: { entropy: false, top1: false } };

const CONTEXT = { batches: BATCHES, nonfiniteLimited: false, onDeviceLost: () => undefined };

/** Sessions whose loss of a token follows from its id. */
function sessions(loss: (id: number) => number, onEvent: (event: string) => void = () => undefined): () => Promise<SessionPool> {
  return () => {
    onEvent('open');
    return Promise.resolve({
      info: { inputs: [], outputs: [], loadSeconds: 0 },
      concurrency: 1,
      run: ({ targets }: Tensors) => Promise.resolve({ loss: { dtype: 'float32', dims: targets!.dims, data: Float32Array.from(targets!.data as Int32Array, loss) } }),
      close: () => {
        onEvent('close');
        return Promise.resolve();
      },
    } as unknown as SessionPool);
  };
}

describe('a calibration', () => {
  it('compares the losses of every token of the sample that has one', async () => {
    const found = await calibrate(SAMPLE, { precision: 'int8', openExact: sessions((id) => id), openApproximate: sessions((id) => id + (id % 2 === 0 ? 0.5 : 0)), ...CONTEXT });
    // Ids 1 to 4, 1 to 14 and 1 to 9; even are 2, 7 and 4 of them.
    expect(found).toEqual({ documents: 3, tokens: 27, meanError: 6.5 / 27, maxError: 0.5, bias: 6.5 / 27, changedSelection: 0, nonfinite: { float32: 0, approximate: 0 } });
  });

  it('frees one model before it loads the other, also where scoring fails', async () => {
    const events: string[] = [];
    const open = (name: string, loss: (id: number) => number): (() => Promise<SessionPool>) => sessions(loss, (event) => events.push(`${event} ${name}`));
    await calibrate(SAMPLE, { precision: 'int8', openExact: open('exact', (id) => id), openApproximate: open('approximate', (id) => id), ...CONTEXT });
    expect(events).toEqual(['open exact', 'close exact', 'open approximate', 'close approximate']);
    events.length = 0;
    const failing = open('exact', () => { throw new Error('broken'); });
    await expect(calibrate(SAMPLE, { precision: 'int8', openExact: failing, openApproximate: open('approximate', (id) => id), ...CONTEXT })).rejects.toThrow('broken');
    expect(events).toEqual(['open exact', 'close exact']);
  });

  it('counts losses that are finite in neither precision', async () => {
    const broken = (id: number): number => (id === 3 ? NaN : id);
    const found = await calibrate(SAMPLE, { precision: 'int8', openExact: sessions(broken), openApproximate: sessions(broken), ...CONTEXT });
    expect(found).toMatchObject({ tokens: 24, meanError: 0, nonfinite: { float32: 3, approximate: 3 } });
  });

  it('ends the run where the precision loses finite losses', async () => {
    const lost = calibrate(SAMPLE, { precision: 'float16', openExact: sessions((id) => id), openApproximate: sessions((id) => (id > 12 ? Infinity : id)), ...CONTEXT });
    await expect(lost).rejects.toMatchObject({
      kind: 'data',
      message: '2 of 27 tokens of the calibration sample have a finite loss in float32 and none in float16: the model leaves the range of float16',
      advice: expect.stringContaining('--precision float32') as string,
    });
  });

  it('goes on where the user has said how many tokens may stay without a loss', async () => {
    const found = await calibrate(SAMPLE, { precision: 'float16', openExact: sessions((id) => id), openApproximate: sessions((id) => (id > 12 ? Infinity : id)), ...CONTEXT, nonfiniteLimited: true });
    expect(found).toMatchObject({ tokens: 25, meanError: 0, nonfinite: { float32: 0, approximate: 2 } });
  });

  it('computes a batch again on the devices that are left where one is lost, and says so', async () => {
    const lost: string[] = [];
    let runs = 0;
    const breaking = sessions((id) => {
      if (++runs === 1) throw new DeviceLost({ kind: 'cuda', id: 1 }, 'CUDA failure 719');
      return id;
    });
    const found = await calibrate(SAMPLE, { precision: 'int8', openExact: breaking, openApproximate: sessions((id) => id), ...CONTEXT, onDeviceLost: ({ reason }) => lost.push(reason) });
    expect(found).toMatchObject({ tokens: 27, meanError: 0 });
    expect(lost).toEqual(['CUDA failure 719']);
  });

  it('says why nothing was compared where float32 does not fit into a device, and leaves the run to its precision', async () => {
    const device = { kind: 'cuda', id: 0 } as const;
    for (const error of [new ModelTooLarge(device, 'CUDA failure 2: out of memory', null), new DeviceOutOfMemory(device, 'CUDA failure 2: out of memory')]) {
      const found = await calibrate(SAMPLE, { precision: 'float16', openExact: () => Promise.reject(error), openApproximate: () => Promise.reject(new Error('not asked for')), ...CONTEXT });
      expect(found).toMatchObject({ documents: 0, tokens: 0, meanError: null, notCompared: expect.stringMatching(/cuda:0.*out of memory/) as string });
      expect(calibrationText('float16', found)).toMatch(/^float16 could not be compared with float32: .*cuda:0.*out of memory/);
      expect(calibrationSchema.safeParse(found).success).toBe(true);
    }
    const broken = calibrate(SAMPLE, { precision: 'float16', openExact: () => Promise.reject(new Error('no such file')), openApproximate: sessions((id) => id), ...CONTEXT });
    await expect(broken).rejects.toThrow('no such file');
  });

  it('of nothing has no figures', async () => {
    const found = await calibrate({ documents: 0, tokens: 0, sequences: [] }, { precision: 'int8', openExact: sessions((id) => id), openApproximate: sessions((id) => id), ...CONTEXT });
    expect(found).toMatchObject({ documents: 0, tokens: 0, meanError: null, changedSelection: null });
  });
});
