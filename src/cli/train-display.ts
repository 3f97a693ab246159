import { SingleBar } from 'cli-progress';
import { deviceLabel } from '../runtime/device-faults.js';
import type { TrainEvent } from '../training/train.js';
import { counted, countText } from './number-text.js';
import { terminalText } from './terminal-text.js';
import { trainLine, type TrainProgress } from './train-line.js';

/** "2 threads", "cuda:0, 16 steps a transfer" */
function deviceText({ device, threads, stepsPerCall }: Extract<TrainEvent, { kind: 'prepared' }>): string {
  const together = stepsPerCall === 1 ? '' : `, ${stepsPerCall} steps a transfer`;
  return `${device.kind === 'cpu' ? counted(threads, 'thread') : deviceLabel(device)}${together}`;
}

export interface TrainDisplay {
  readonly onEvent: (event: TrainEvent) => void;
  /** Takes the bar off the terminal. May be called twice. */
  end(): void;
}

/** Where no bar can be drawn, a line this often. */
const LINE_MS = 15_000;
/** Room for the line where nobody says how wide the terminal is, and where no terminal sets a limit. */
const COLUMNS = 80;
const WIDE = 120;

/** Shows training on stderr: a bar on a terminal, a line now and then elsewhere; evaluations as lines that stay. */
export function trainDisplay({ quiet }: { readonly quiet: boolean }): TrainDisplay {
  if (quiet) return { onEvent: () => undefined, end: () => undefined };
  const columns = (): number => process.stderr.columns || COLUMNS;
  let bar: SingleBar | undefined;
  // Whatever stands in the line of the bar is erased first; the bar is drawn again below.
  const write = (line: string): void => void process.stderr.write(`${bar === undefined ? '' : '\r\u001b[K'}${line}\n`);
  let lastLine = 0;
  let spent = 0;
  let done = 0;
  let steps = 0;

  const onStep = ({ metrics, outcome }: Extract<TrainEvent, { kind: 'step' }>): void => {
    const { step, evaluations = [] } = metrics;
    for (const { name, loss } of evaluations) write(`step ${step}: ${terminalText(name)} ${loss.toFixed(4)} nats`);
    if (step === 0) return;
    spent += metrics.stepSeconds;
    done++;
    const progress: TrainProgress = {
      step, steps,
      loss: metrics.loss,
      keptShare: outcome.trained / outcome.consumed,
      excessKept: metrics.meanExcessKept,
      excessDropped: metrics.meanExcessDropped,
      tokensPerSecond: metrics.tokensPerSecond,
      secondsLeft: (spent / done) * (steps - step),
    };
    if (bar !== undefined) {
      bar.update(step, { progress });
    } else if (performance.now() - lastLine > LINE_MS) {
      lastLine = performance.now();
      write(`step ${trainLine(progress, WIDE).replace(/^[█░]+ /, '')}`);
    }
  };

  return {
    onEvent(event) {
      switch (event.kind) {
        case 'note':
          write(`note: ${terminalText(event.text)}`);
          return;
        case 'warning':
          write(`warning: ${terminalText(event.text)}`);
          return;
        case 'prepared':
          steps = event.steps;
          write(`model    ${countText(event.parameters)} parameters, ${deviceText(event)}${event.from > 0 ? `, resumed at step ${event.from}` : ''}`);
          if (process.stderr.isTTY && event.from < event.steps) {
            bar = new SingleBar({
              format: (_options, _params, { progress }: { progress: TrainProgress }) => trainLine(progress, columns()),
              stream: process.stderr,
              hideCursor: true,
            });
            const none = NaN;
            bar.start(event.steps, event.from, { progress: { step: event.from, steps, loss: none, keptShare: none, excessKept: none, excessDropped: none, tokensPerSecond: none, secondsLeft: none } });
          }
          lastLine = performance.now();
          return;
        case 'step':
          onStep(event);
          return;
        case 'checkpoint':
          return;
      }
    },
    end() {
      bar?.stop();
      bar = undefined;
    },
  };
}
