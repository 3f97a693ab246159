import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoOf, TouchstoneError } from '../errors.js';
import { canonicalJson } from '../run/canonical-json.js';
import { ioError } from '../run/io-error.js';
import { readRecord } from '../run/json-record.js';
import { scoreRunAround } from '../store/score-run-around.js';
import { MASKS_NAME, maskIdentity, ruleText, type MaskRecord } from './mask-record.js';

const ADVICE = 'Name another --out.';
/** What a selection that was interrupted leaves. */
const MASK_FILE = /^part-\d{5,}\.parquet$/;

/**
 * Checks, before anything is written, that masks may go into a folder: it is not there, is empty (hidden files aside), or holds this very selection, finished or begun. Throws a
 * mismatch that says what else it holds, a usage error where it is a file.
 */
export async function checkMasksFolder(out: string, wanted: Pick<MaskRecord, 'source' | 'live' | 'rule'>): Promise<void> {
  const run = await scoreRunAround(out);
  if (run !== undefined) {
    throw new TouchstoneError('mismatch', `${out} ${run === resolve(out) ? 'is a score run' : `lies in the score run ${run}`}, expected a folder for masks alone`, { advice: ADVICE });
  }
  const names = (await namesIn(out)).filter((name) => !name.startsWith('.'));
  if (names.includes(MASKS_NAME)) {
    const found = await readRecord(join(out, MASKS_NAME), maskIdentity);
    if (found.kind === 'record') refuseOther(out, found.value, wanted);
    return;
  }
  const stranger = names.find((name) => !MASK_FILE.test(name));
  if (stranger !== undefined) throw new TouchstoneError('mismatch', `${out} holds ${stranger}, expected an empty folder or a selection`, { advice: ADVICE });
}

function refuseOther(out: string, found: Pick<MaskRecord, 'source' | 'live' | 'rule'>, wanted: Pick<MaskRecord, 'source' | 'live' | 'rule'>): void {
  if (canonicalJson(found) === canonicalJson(wanted)) return;
  const [was, is] = [ruleText(found.rule), ruleText(wanted.rule)];
  const others = was === is ? `of another score set, plan ${found.source.planHash.slice(0, 12)}` : `by ${was}`;
  throw new TouchstoneError('mismatch', `${out} holds a selection ${others}, this command selects by ${is}${was === is ? ` of plan ${wanted.source.planHash.slice(0, 12)}` : ''}`, { advice: ADVICE });
}

async function namesIn(out: string): Promise<string[]> {
  try {
    return (await readdir(out)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    if (errnoOf(error) === 'ENOTDIR') throw new TouchstoneError('usage', `--out must be a folder, ${out} is a file or lies in one`, { advice: ADVICE });
    throw ioError('read', out, error);
  }
}
