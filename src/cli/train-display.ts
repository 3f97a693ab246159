import { SingleBar } from 'cli-progress';
import type { TrainEvent } from '../training/train.js';
import { countText, durationText } from './number-text.js';
import { terminalText } from './terminal-text.js';

export interface TrainDisplay {
  readonly onEvent: (event: TrainEvent) => void;
  /** Takes the bar off the terminal. May be called twice. */
  end(): void;
}

/** Where no bar can be drawn, a line this often. */
const LINE_MS = 15_000;

const nats = (value: number): string => (Number.isFinite(value) ? value.toFixed(3) : '-');

/** Shows training on stderr: a bar on a terminal, a line now and then elsewhere. */
export function trainDisplay({ quiet }: { readonly quiet: boolean }): TrainDisplay {
  if (quiet) return { onEvent: () => undefined, end: () => undefined };
  const write = (line: string): void => void process.stderr.write(`${line}\n`);
  let bar: SingleBar | undefined;
  let lastLine = 0;
  let spent = 0;
  let done = 0;
  let steps = 0;

  const onStep = ({ metrics, outcome }: Extract<TrainEvent, { kind: 'step' }>): void => {
    const { step, evaluations = [] } = metrics;
    if (bar === undefined) for (const { name, loss } of evaluations) write(`step ${step}: ${name} ${loss.toFixed(4)} nats`);
    if (step === 0) return;
    spent += metrics.stepSeconds;
    done++;
    const left = durationText((spent / done) * (steps - step));
    const speed = `${countText(metrics.tokensPerSecond)} tok/s`;
    const kept = `${Math.round((100 * outcome.trained) / outcome.consumed)} %`;
    const excess = `${nats(metrics.meanExcessKept)}/${nats(metrics.meanExcessDropped)}`;
    if (bar !== undefined) {
      bar.update(step, { loss: nats(metrics.loss), speed, kept, excess, left });
    } else if (performance.now() - lastLine > LINE_MS) {
      lastLine = performance.now();
      write(`step ${step}/${steps}, loss ${nats(metrics.loss)}, kept ${kept}, excess kept/dropped ${excess}, ${speed}, ${left} left`);
    }
  };

  return {
    onEvent(event) {
      switch (event.kind) {
        case 'note':
          write(`note: ${terminalText(event.text)}`);
          return;
        case 'prepared':
          write(`model    ${countText(event.parameters)} parameters, ${event.threads} threads${event.from > 0 ? `, resumed at step ${event.from}` : ''}`);
          if (process.stderr.isTTY) {
            bar = new SingleBar({ format: '{bar} {value}/{total} | loss {loss} | kept {kept} | excess {excess} | {speed} | {left} left', stream: process.stderr, hideCursor: true, barsize: 20, barCompleteChar: '█', barIncompleteChar: '░' });
            bar.start(event.steps, event.from, { loss: '-', kept: '-', excess: '-', speed: '-', left: '...' });
          }
          lastLine = performance.now();
          steps = event.steps;
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
