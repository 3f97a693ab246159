// Preloaded into every thread of the program (NODE_OPTIONS=--import): pretends CUDA devices, on which sessions compute with the CPU. TOUCHSTONE_PRETENDED_CUDA
// is a JSON object: `devices`, their names; `loseAt`, by device number the run of a session at which its context breaks; `spoilAt`, the run at which a loss is NaN.
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { loseAt = {}, spoilAt = {} } = JSON.parse(process.env.TOUCHSTONE_PRETENDED_CUDA);
const require = createRequire(new URL('../../package.json', import.meta.url));

if (isMainThread) register('./pretended-diagnosis-hook.mjs', import.meta.url);
else {
  const { InferenceSession } = require('onnxruntime-node');
  const create = InferenceSession.create;
  InferenceSession.create = async function createPretended(model, options) {
    const [provider, ...fallbacks] = options.executionProviders;
    if (provider?.name !== 'cuda') return await create.call(this, model, options);
    if (fallbacks.length > 0) throw new Error(`providers are listed behind cuda: ${fallbacks.join(', ')}`);
    const session = await create.call(this, model, { ...options, executionProviders: ['cpu'] });
    const run = session.run.bind(session);
    let runs = 0;
    session.run = async (...args) => {
      runs++;
      if (runs >= (loseAt[provider.deviceId] ?? Infinity)) {
        throw new Error(`Non-zero status code returned while running MatMul node. Status Message: CUDA failure 719: unspecified launch failure ; GPU=${provider.deviceId} ; hostname=n1 ; expr=cudaStreamSynchronize(); `);
      }
      const outputs = await run(...args);
      if (runs === spoilAt[provider.deviceId]) outputs.loss.data[0] = NaN;
      return outputs;
    };
    return session;
  };
}
