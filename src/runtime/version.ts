import { createRequire } from 'node:module';

/** The installed version of onnxruntime-node, without loading its native library. */
export function runtimeVersion(): string {
  return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
}
