import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { EVENT_FILE, EventFile } from '../../../src/training/metrics/tensorboard.js';
import { crc32c, decodeRecord, encodeRecord } from '../../../src/training/metrics/tf-record.js';
import { beforeTraining, type StepMetrics } from '../../../src/training/metrics/step-metrics.js';
import { decodeEvents } from './event-decoder.js';
import { stepRecord, stepRecords } from './sample-steps.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'events-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const START = 1.7e9;
const content = (): Buffer => readFileSync(join(folder, EVENT_FILE));

async function write(throughStep: number | null, records: readonly StepMetrics[]): Promise<number> {
  const file = await EventFile.open(folder, throughStep, START);
  for (const record of records) await file.append(record, START + record.step);
  await file.close();
  return file.removedBytes;
}

describe('a TFRecord', () => {
  it('has the checksum of RFC 3720, appendix B.4', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(0))).toBe(0);
  });

  it('has the bytes that TensorBoard writes for the same event', () => {
    // RecordWriter of tensorboard 2.21.0, of Event(wall_time=1.0, file_version='brain.Event:2').
    const event = Buffer.from('09000000000000f03f1a0d627261696e2e4576656e743a32', 'hex');
    expect(encodeRecord(event).toString('hex')).toBe('1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a');
  });

  it('is found damaged whatever bit of it is flipped, and incomplete whatever is cut off', () => {
    const record = encodeRecord(Buffer.from('an event'));
    expect(decodeRecord(record, 0)).toEqual({ data: Buffer.from('an event'), end: record.length });
    for (let bit = 0; bit < record.length * 8; bit++) {
      const damaged = Buffer.from(record);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      if (decodeRecord(damaged, 0) !== undefined) throw new Error(`bit ${bit} flipped, and nothing found`);
    }
    for (let length = 0; length < record.length; length++) expect(decodeRecord(record.subarray(0, length), 0)).toBeUndefined();
  });
});

describe('a TensorBoard event file', () => {
  it('begins with its version and holds the scalars of each step', async () => {
    await write(null, [beforeTraining([{ name: 'gsm8k-test', loss: 7.5 }]), stepRecord(1, { evaluations: [{ name: 'gsm8k-test', loss: 6.25 }] })]);
    const [version, before, first, ...rest] = decodeEvents(content());
    expect(rest).toEqual([]);
    expect(version).toEqual({ wallTime: START, step: 0, fileVersion: 'brain.Event:2', scalars: new Map() });
    expect(before).toEqual({ wallTime: START, step: 0, scalars: new Map([['evaluation/gsm8k-test', 7.5], ['tokens/consumed', 0], ['tokens/trained', 0]]) });
    expect(first).toEqual({
      wallTime: START + 1, step: 1,
      scalars: new Map([
        ['train/loss', 4], ['train/loss_of_all_tokens', 4.5], ['train/gradient_norm', 0.75], ['train/learning_rate', Math.fround(3e-4)], ['selection/kept_share', 0.5],
        ['selection/mean_excess_of_kept', Math.fround(0.4)], ['selection/mean_excess_of_dropped', Math.fround(-0.2)], ['speed/tokens_per_second', 9000], ['speed/step_seconds', 0.5],
        ['evaluation/gsm8k-test', 6.25], ['tokens/consumed', 512], ['tokens/trained', 256],
      ]),
    });
    expect(readdirSync(folder)).toEqual([EVENT_FILE]);
  });

  it('leaves values out that are not there, and keeps infinite ones', async () => {
    await write(null, [stepRecord(1, { meanExcessDropped: NaN, gradientNorm: Infinity }), stepRecord(3_000_000_000)]);
    const [, first, far] = decodeEvents(content());
    expect(first!.scalars.has('selection/mean_excess_of_dropped')).toBe(false);
    expect(first!.scalars.get('train/gradient_norm')).toBe(Infinity);
    expect(far!.step).toBe(3_000_000_000);
  });

  it('of a resumed run only grows: a session start makes readers drop the steps after the checkpoint', async () => {
    await write(null, stepRecords(1, 5));
    const before = content();
    expect(await write(3, stepRecords(4, 5))).toBe(0);
    expect(content().subarray(0, before.length).equals(before)).toBe(true);
    const events = decodeEvents(content());
    expect(events.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 4, 4, 5]);
    expect(events[6]).toEqual({ wallTime: START, step: 4, session: 1, scalars: new Map() });
    await write(null, []);
    expect(decodeEvents(content()).at(-1)).toEqual({ wallTime: START, step: 0, session: 1, scalars: new Map() });
  });

  it('that was cut short goes on after its last whole record', async () => {
    await write(null, stepRecords(1, 2));
    const whole = content();
    appendFileSync(join(folder, EVENT_FILE), encodeRecord(Buffer.alloc(300)).subarray(0, 200));
    expect(await write(2, [stepRecord(3)])).toBe(200);
    expect(content().subarray(0, whole.length).equals(whole)).toBe(true);
    expect(decodeEvents(content()).map(({ step }) => step)).toEqual([0, 1, 2, 3, 3]);
  });

  it('longer than what is read at a time is kept whole, and a damaged one is cut where readers would stop', async () => {
    await write(null, stepRecords(1, 5000));
    const whole = content();
    expect(whole.length).toBeGreaterThan(5 * 256 * 1024);
    expect(await write(5000, [])).toBe(0);
    const damaged = Buffer.from(whole);
    const at = Math.floor(whole.length / 10);
    damaged[at]! ^= 1;
    writeFileSync(join(folder, EVENT_FILE), damaged);
    const removed = await write(5000, []);
    expect(whole.length - removed).toBeLessThanOrEqual(at);
    expect(whole.length - removed).toBeGreaterThan(at - 1000);
    expect(decodeEvents(content()).at(-1)!.session).toBe(1);
  });
});
