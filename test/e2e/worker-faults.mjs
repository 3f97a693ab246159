// Preloaded into every thread of the program (NODE_OPTIONS=--import): makes a worker die or hang on a text or a batch, as TOUCHSTONE_FAULT says.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const fault = process.env.TOUCHSTONE_FAULT;
const require = createRequire(new URL('../../package.json', import.meta.url));

if (!isMainThread && fault !== undefined) {
  const { Tokenizer } = require('tokenizers');
  const encode = Tokenizer.prototype.encodeBatch;
  Tokenizer.prototype.encodeBatch = function encodeBatch(texts, ...rest) {
    if (texts.some((text) => text.includes('POISON'))) {
      if (fault === 'always') process.exit(1);
      if (fault === 'memory') for (const hoard = []; ; ) hoard.push(new Array(1e6).fill(hoard.length));
      if (fault.startsWith('once:') && !existsSync(fault.slice(5))) {
        writeFileSync(fault.slice(5), '');
        process.exit(1);
      }
    }
    return encode.call(this, texts, ...rest);
  };
  if (fault === 'session-hang' || fault.startsWith('session-once:')) {
    const { InferenceSession } = require('onnxruntime-node');
    const run = InferenceSession.prototype.run;
    InferenceSession.prototype.run = function runOnce(...args) {
      if (fault === 'session-hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      const mark = fault.slice('session-once:'.length);
      if (!existsSync(mark)) {
        writeFileSync(mark, '');
        process.exit(1);
      }
      return run.apply(this, args);
    };
  }
}
