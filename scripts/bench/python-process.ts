import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A Python script that reads one JSON object a line and answers each with one: it computes when asked and waits on its input otherwise. */
export interface PythonProcess<Hello> {
  /** Its first line, before any request. */
  readonly hello: Hello;
  readonly ask: <Answer>(request: object) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

/** What the first line of a PyTorch script says. */
export interface TorchVersions {
  readonly torch: string;
  readonly transformers: string;
  readonly threads: number;
}

/** @throws if the process ends, as it does where it cannot import a package; its own words are on stderr by then */
export async function startPython<Hello>(python: string, script: string, args: readonly string[]): Promise<PythonProcess<Hello>> {
  const child = spawn(python, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new Error(`${script} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
  ended.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => JSON.parse((await Promise.race([lines.next(), ended])).value as string) as T;
  return {
    hello: await answer<Hello>(),
    ask: <Answer>(request: object) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer<Answer>();
    },
    close: async () => {
      child.stdin.end();
      await ended.catch(() => undefined);
    },
  };
}

/** @throws if PyTorch computes with another number of threads than it was told */
export function checkThreads({ threads }: TorchVersions, wanted: number): void {
  if (threads !== wanted) throw new Error(`PyTorch was to use ${wanted} threads and uses ${threads}`);
}
