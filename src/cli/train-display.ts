import { SingleBar } from 'cli-progress';
import type { StepReport, TrainEvent } from '../training/train.js';
import { countText, durationText } from './number-text.js';

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

  const onStep = (report: StepReport): void => {
    spent += report.seconds;
    done++;
    const eta = durationText((spent / done) * (report.steps - report.step));
    const speed = `${countText(report.consumedTokens / report.seconds)} tok/s`;
    const kept = `${Math.round((100 * report.trainedTokens) / report.consumedTokens)} %`;
    const excess = `${nats(report.meanExcessKept)}/${nats(report.meanExcessDropped)}`;
    if (bar !== undefined) {
      bar.update(report.step, { loss: nats(report.loss), speed, kept, excess, left: eta });
    } else if (performance.now() - lastLine > LINE_MS) {
      lastLine = performance.now();
      write(`step ${report.step}/${report.steps}, loss ${nats(report.loss)}, kept ${kept}, excess kept/dropped ${excess}, ${speed}, ${eta} left`);
    }
  };

  return {
    onEvent(event) {
      switch (event.kind) {
        case 'note':
          write(`note: ${event.text}`);
          return;
        case 'prepared':
          write(`model    ${countText(event.parameters)} parameters, ${event.threads} threads${event.from > 0 ? `, resumed at step ${event.from}` : ''}`);
          if (process.stderr.isTTY) {
            bar = new SingleBar({ format: '{bar} {value}/{total} | loss {loss} | kept {kept} | excess {excess} | {speed} | {left} left', stream: process.stderr, hideCursor: true, barsize: 20, barCompleteChar: '█', barIncompleteChar: '░' });
            bar.start(event.steps, event.from, { loss: '-', kept: '-', excess: '-', speed: '-', left: '...' });
          }
          lastLine = performance.now();
          return;
        case 'step':
          onStep(event.report);
          return;
        case 'evaluation':
          if (bar === undefined) write(`step ${event.step}: ${event.name} ${event.loss.toFixed(4)} nats`);
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
