import { resolve } from 'node:path';
import { readStatus, type RunStatus, type UnitStatus } from '../../run/status.js';
import { calibrationText, computationText } from '../computation-text.js';
import { countText, durationText } from '../number-text.js';
import { shortPath } from '../short-path.js';
import { oneLine, terminalText } from '../terminal-text.js';

const MESSAGE_CHARACTERS = 160;
/** Units with a message that are shown without being asked for. */
const TROUBLES_SHOWN = 5;

export async function printStatus(folder: string, { units, json }: { readonly units: boolean; readonly json: boolean }): Promise<void> {
  const run = resolve(folder);
  const { unitStates, ...status } = await readStatus(run);
  if (json) process.stdout.write(`${JSON.stringify({ run, ...status, ...(units ? { unitStates } : {}) })}\n`);
  else if (units) process.stdout.write(unitStates.map(unitLine).join(''));
  else process.stdout.write(statusText(shortPath(run), { unitStates, ...status }, Date.now()));
}

function unitLine({ unit, state, files, message }: UnitStatus): string {
  return `${String(unit).padStart(5)}  ${state.padEnd(7)}  ${files.map(terminalText).join(' ')}${message === null ? '' : `  ${oneLine(message, MESSAGE_CHARACTERS)}`}\n`;
}

/** The state of a run in a few lines, for people. */
export function statusText(run: string, { finished, units, documents, unitStates, ...status }: RunStatus, nowMs: number): string {
  const rest = [units.missing > 0 ? `${units.missing} missing` : '', units.failed > 0 ? `${units.failed} failed` : '', units.damaged > 0 ? `${units.damaged} damaged` : ''];
  const lines = [
    `run        ${run}, ${finished ? 'finished' : units.done === units.total ? 'complete, without a manifest: touchstone finalize writes it' : 'not finished'}`,
    `units      ${units.done} of ${units.total} done${rest.filter((part) => part !== '').map((part) => `, ${part}`).join('')}`,
    `documents  ${documents.read} read = ${documents.scored} scored + ${documents.quarantined} quarantined + ${documents.skipped} skipped`,
    `tokens     ${countText(status.tokens)}${status.nonfinite > 0 ? `, ${status.nonfinite} with a non-finite loss (stored as NaN)` : ''}`,
  ];
  const { precision, device, devices, calibration } = status.computation;
  lines.push(`computed   ${devices.length === 0 ? `${precision} on ${device === 'cpu' ? 'CPU' : 'CUDA'}, nothing yet` : computationText(precision, devices)}`);
  if (calibration !== null) lines.push(`error      ${calibrationText(precision, calibration)}`);
  if (status.tokensPerSecond !== null) {
    const left = finished || status.secondsLeft === null ? '' : `, about ${durationText(status.secondsLeft)} left at this speed`;
    lines.push(`speed      ${countText(status.tokensPerSecond)} tok/s over the last units${left}`);
  }
  if (status.lastActivity !== null) {
    const ago = (nowMs - Date.parse(status.lastActivity)) / 1000;
    const open = status.openFiles === 0 ? '' : `, ${status.openFiles} ${status.openFiles === 1 ? 'file is' : 'files are'} open or left by a killed process`;
    lines.push(`activity   ${status.lastActivity}${ago >= 0 ? `, ${durationText(ago)} ago` : ''}${open}`);
  }
  const troubles = unitStates.filter(({ message }) => message !== null);
  for (const { unit, state, message } of troubles.slice(0, TROUBLES_SHOWN)) lines.push(`${state.padEnd(10)} unit ${unit}: ${oneLine(message!, MESSAGE_CHARACTERS)}`);
  if (troubles.length > TROUBLES_SHOWN) lines.push(`           and ${troubles.length - TROUBLES_SHOWN} more: touchstone status ${run} --units`);
  return `${lines.join('\n')}\n`;
}
