// Preloaded into the program (NODE_OPTIONS=--import): its diagnosis finds the device of the stand-in, as it would find a card with driver and libraries.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) register('../../../test/e2e/pretended-diagnosis-hook.mjs', import.meta.url);
