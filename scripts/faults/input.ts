import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { countRows, QUICK, type Bench } from './bench.js';
import type { Suite } from './family.js';
import { expectEnd, touchstone, type Conditions, type Ended } from './touchstone.js';

const MEMBER = 16 * 2 ** 20;
/** Far below what the bomb unpacks to; the longest line taken is 64 MiB. */
const MOST_MEMORY_MIB = 700;

/** Input that is damaged, hostile, or changes under the run. */
export async function input({ bench, tally, long }: Suite): Promise<void> {
  const lines = Array.from({ length: 5000 }, (_, at) => `{"id":"${at}","text":"Hi"}\n`);
  const ids = lines.map((_, at) => String(at));

  await tally.trial('one bad UTF-8 byte in 5,000 documents', async () => {
    const bad = Buffer.from(lines[1000]!.replace('Hi', 'H?'));
    bad[bad.indexOf('?')] = 0xff;
    const { run, counts } = await scored(bench, 'bad-byte.jsonl', Buffer.concat([Buffer.from(lines.slice(0, 1000).join('')), bad, Buffer.from(lines.slice(1001).join(''))]));
    expectCounts(counts, { read: 5000, scored: 4999, quarantined: 1 });
    expectQuarantined(run, /"file":"bad-byte\.jsonl".*"invalid-utf8"/);
    return await countRows(run, ids.filter((id) => id !== '1000'));
  });
  await tally.trial('gzip of many members', async () => {
    const { run } = await scored(bench, 'members.jsonl.gz', Buffer.concat(lines.slice(0, 200).map((line) => gzipSync(line))));
    return await countRows(run, ids.slice(0, 200));
  });
  await tally.trial('truncated gzip', async () => {
    const packed = gzipSync(lines.join(''));
    const { run, counts } = await scored(bench, 'cut.jsonl.gz', packed.subarray(0, packed.length >> 1));
    if (counts.quarantined !== 1) throw new Error(`the cut was expected to be one quarantined entry, got ${JSON.stringify(counts)}`);
    return await countRows(run, ids.slice(0, counts.scored));
  });
  await tally.trial('decompression bomb: 1 GiB of zeros without a line end', async () => {
    const bomb = Buffer.concat([gzipSync(lines[0]!), ...Array<Buffer>(64).fill(gzipSync(Buffer.alloc(MEMBER))), gzipSync(`\n${lines[1]!}`)]);
    const { run, counts, ended } = await scored(bench, 'bomb.jsonl.gz', bomb);
    expectCounts(counts, { read: 3, scored: 2, quarantined: 1 });
    if (ended.peakMiB > MOST_MEMORY_MIB) throw new Error(`peak memory was ${ended.peakMiB.toFixed(0)} MiB`);
    return { ...(await countRows(run, ['0', '1'])), note: `${(bomb.length / 2 ** 20).toFixed(1)} MiB packed, peak RSS ${ended.peakMiB.toFixed(0)} MiB` };
  });
  if (long) {
    await tally.trial('a line of 600 MB', async () => {
      const bytes = Buffer.alloc(600 * 2 ** 20, 'a');
      const { run, counts, ended } = await scored(bench, 'long-line.jsonl', Buffer.concat([Buffer.from(lines[0]!), Buffer.from('{"id":"huge","text":"'), bytes, Buffer.from(`"}\n${lines[1]!}`)]));
      expectCounts(counts, { read: 3, scored: 2, quarantined: 1 });
      if (ended.peakMiB > MOST_MEMORY_MIB) throw new Error(`peak memory was ${ended.peakMiB.toFixed(0)} MiB`);
      return { ...(await countRows(run, ['0', '1'])), note: `peak RSS ${ended.peakMiB.toFixed(0)} MiB` };
    });
  }
  await tally.trial('forged Parquet', async () => {
    const path = join(bench.folder, 'forged.parquet');
    const run = bench.newRun();
    writeFileSync(path, Buffer.from('PAR1 no footer at all \xff\xff\xff\x7fPAR1', 'latin1'));
    expectEnd(await touchstone(['score', '--corpus', path, '--out', run, ...QUICK]), 65, /the only document read could not be scored/);
    expectQuarantined(run, /forged\.parquet/);
    return {};
  });
  await tally.trial('input replaced by as many bytes during the run', async () => {
    const corpus = join(bench.folder, 'replaced.jsonl');
    writeFileSync(corpus, lines.join(''));
    const run = bench.newRun();
    const replace = async (): Promise<void> => {
      for (let waited = 0; !existsSync(join(run, 'plan.json')) && waited < 60_000; waited += 5) await sleep(5);
      writeFileSync(corpus, lines.join('').replaceAll('Hi', 'Ho'));
    };
    const ended = await touchstone(['score', '--corpus', corpus, '--out', run, '--unit-bytes', '40000', ...QUICK], { onStart: replace });
    expectEnd(ended, 74, /replaced\.jsonl/);
    return {};
  });
  for (const when of ['during the run', 'between two runs'] as const) {
    await tally.trial(`input appended ${when}`, async () => {
      const corpus = join(bench.folder, `growing-${when.length}.jsonl`);
      writeFileSync(corpus, lines.join(''));
      const run = bench.newRun();
      const score = (conditions: Conditions = {}): Promise<Ended> => touchstone(['score', '--corpus', corpus, '--out', run, '--unit-bytes', '40000', ...QUICK], conditions);
      const append = async (): Promise<void> => {
        for (let waited = 0; !existsSync(join(run, 'plan.json')) && waited < 60_000; waited += 5) await sleep(5);
        appendFileSync(corpus, lines[0]!.replace('"0"', '"new"'));
      };
      if (when === 'during the run') expectEnd(await score({ onStart: append }), 74, /growing-\d+\.jsonl has \d+ bytes, expected \d+: it changed/);
      else {
        expectEnd(await score(), 0);
        await append();
      }
      expectEnd(await score(), 78, /the file growing-\d+\.jsonl has changed/);
      return {};
    });
  }
}

interface Counts {
  readonly read: number;
  readonly scored: number;
  readonly quarantined: number;
}

async function scored(bench: Bench, name: string, bytes: Buffer): Promise<{ readonly run: string; readonly counts: Counts; readonly ended: Ended }> {
  const corpus = join(bench.folder, name);
  writeFileSync(corpus, bytes);
  const run = bench.newRun();
  const ended = await touchstone(['score', '--corpus', corpus, '--out', run, '--json', ...QUICK]);
  expectEnd(ended, 0);
  return { run, ended, counts: (JSON.parse(ended.stdout) as { documents: Counts }).documents };
}

function expectCounts(counts: Counts, expected: Counts): void {
  const wrong = (['read', 'scored', 'quarantined'] as const).find((name) => counts[name] !== expected[name]);
  if (wrong !== undefined) throw new Error(`${expected[wrong]} documents ${wrong} were expected, got ${counts[wrong]}`);
}

/** Throws unless the quarantine of a run's only unit has a record that matches. */
function expectQuarantined(run: string, record: RegExp): void {
  const text = readFileSync(join(run, 'quarantine/00000.jsonl'), 'utf8');
  if (!record.test(text)) throw new Error(`a quarantine record that matches ${record} was expected, got ${text}`);
}
