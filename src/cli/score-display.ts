import { SingleBar } from 'cli-progress';
import type { Progress } from '../scoring/progress.js';
import type { ScoreEvent } from '../scoring/score.js';
import { calibrationText, devicesText } from './computation-text.js';
import { bytesText, counted, countText, durationText } from './number-text.js';
import { terminalText } from './terminal-text.js';
import { writeWarning } from './warning.js';

export interface ScoreDisplay {
  readonly onEvent: (event: ScoreEvent) => void;
  /** Takes the bar off the terminal. May be called twice. */
  end(): void;
  /** Says what is kept of a command that was stopped, and what is not. */
  stopped(): void;
}

/** Where no bar can be drawn, a line this often. */
const LINE_MS = 30_000;

/** Shows a run on stderr: a bar on a terminal, a line now and then elsewhere; if quiet, warnings alone. */
export function scoreDisplay({ quiet }: { readonly quiet: boolean }): ScoreDisplay {
  if (quiet) return { onEvent: (event) => { if (event.kind === 'warning') writeWarning(event.text); }, end: () => undefined, stopped: () => undefined };
  let bar: SingleBar | undefined;
  // What stands in the line of the bar is erased first; the bar is drawn again below.
  const clear = (): void => {
    if (bar !== undefined) process.stderr.write('\r\u001b[K');
  };
  const write = (line: string): void => {
    clear();
    process.stderr.write(`${line}\n`);
  };
  let started = 0;
  let lastLine = 0;
  let shown = 0;
  let kept: { readonly before: number; readonly units: number } | undefined;
  let last: Progress | undefined;

  const show = (progress: Progress): void => {
    last = progress;
    const seconds = (performance.now() - started) / 1000;
    const share = progress.bytesTotal === 0 ? 1 : Math.min(1, progress.bytesDone / progress.bytesTotal);
    const speed = `${countText(progress.scoredTokens / seconds)} tok/s`;
    const eta = share > 0.005 ? durationText((seconds / share) * (1 - share)) : '...';
    const units = `${progress.unitsDone}/${progress.unitsTotal}`;
    if (bar !== undefined) {
      // The share is an estimate that later documents may correct downwards; a bar that goes backwards tells nobody anything. The time left is corrected.
      shown = Math.max(shown, share);
      bar.update(shown, { tokens: countText(progress.scoredTokens), speed, left: eta, units });
    } else if (performance.now() - lastLine > LINE_MS) {
      lastLine = performance.now();
      write(`${Math.floor(100 * share)} %, units ${units}, ${countText(progress.scoredTokens)} tokens, ${speed}, ${eta} left`);
    }
  };

  return {
    onEvent(event) {
      switch (event.kind) {
        case 'hashing':
          if (event.done === 0 && event.total > 1 << 30) write(`hashing ${bytesText(event.total)} of model and corpus`);
          return;
        case 'note':
          write(`note: ${terminalText(event.text)}`);
          return;
        case 'warning':
          clear();
          writeWarning(event.text);
          return;
        case 'failed': {
          const last = event.attempt === event.attempts;
          write(`note: unit ${event.unit}, attempt ${event.attempt} of ${event.attempts} failed: ${terminalText(event.message)}; ${last ? 'it is passed over' : 'it is tried again'}`);
          return;
        }
        case 'calibrated':
          write(`note: ${calibrationText(event.precision, event.calibration)}`);
          return;
        case 'planned': {
          const { plan, resumed, committedUnits, slice } = event;
          const units = slice.end - slice.start;
          const whole = units === plan.corpus.units.length;
          const { layout, contextLength, stride, bos } = plan.windows;
          const windows = layout === 'packed' ? `packed rows, context ${contextLength}` : `context ${contextLength}, stride ${stride}`;
          const sessions = event.workers * event.devices.length;
          write(`model    ${plan.model.modelType}, vocabulary ${countText(plan.model.vocabSize)}, ${plan.model.precision} on ${devicesText(event.devices)}, ${counted(event.threads, 'thread')}, ${counted(sessions, 'session')}`);
          write(`corpus   ${counted(plan.corpus.files.length, 'file')}, ${bytesText(plan.corpus.files.reduce((sum, file) => sum + file.bytes, 0))}, ${counted(plan.corpus.units.length, 'unit')}${resumed && whole ? `, ${committedUnits} of them done before` : ''}`);
          if (!whole) write(`task     ${units === 0 ? 'no units: there are more tasks than units' : units === 1 ? `unit ${slice.start}` : `units ${slice.start} to ${slice.end - 1}`}${committedUnits > 0 ? `, ${committedUnits} of them done before` : ''}`);
          write(`windows  ${windows}, BOS ${bos}`);
          kept = { before: committedUnits, units };
          started = performance.now();
          lastLine = started;
          if (process.stderr.isTTY && committedUnits < units) {
            bar = new SingleBar({ format: '{bar} {percentage} % | {tokens} tokens | {speed} | unit {units} | {left} left', stream: process.stderr, hideCursor: true, barsize: 24, barCompleteChar: '█', barIncompleteChar: '░' });
            bar.start(1, 0, { tokens: '0', speed: '-', left: '...', units: `0/${units - committedUnits}` });
          }
          return;
        }
        case 'progress':
          show(event.progress);
          return;
        case 'unit':
          return;
      }
    },
    end() {
      bar?.stop();
      bar = undefined;
    },
    stopped() {
      if (kept !== undefined) write(`kept     ${keptText(kept.before + (last?.unitsDone ?? 0), kept.units, last?.openTokens ?? 0)}`);
    },
  };
}

/** "12 of 33 units are done and kept; 45.7 k tokens of units that are not done will be scored again" */
export function keptText(done: number, units: number, openTokens: number): string {
  const again = openTokens === 0 ? '' : `; ${counted(openTokens, 'token')} of units that are not done will be scored again`;
  const advice = openTokens > 0 && units === 1 ? ' (a smaller --unit-bytes makes more units of it)' : '';
  return `${done} of ${counted(units, 'unit')} ${done === 1 || units === 1 ? 'is' : 'are'} done and kept${again}${advice}`;
}
