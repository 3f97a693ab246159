import { createRequire } from 'node:module';
import type * as Wasi from 'node:wasi';

/** What is used of it: the types of Node.js leave it to those of browsers. */
interface Assembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => object;
}

/**
 * Ends the process with this code at once: no 'exit' handlers, no end of worker threads, no native destructors of theirs. process.exit and process.reallyExit end the
 * threads first, and a session whose CUDA context has broken aborts the process when it is destroyed, which leaves 134 where 75 was meant.
 *
 * Node.js has no call for that; WebAssembly's system interface has, and Node.js passes it on to the C library.
 */
export function exitWithoutTeardown(code: number): never {
  // Node.js warns that WASI is experimental when it is loaded: nobody's business at this moment.
  process.removeAllListeners('warning');
  process.on('warning', () => undefined);
  const { WASI } = createRequire(import.meta.url)('node:wasi') as typeof Wasi;
  const wasi = new WASI({ version: 'preview1', returnOnExit: false });
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Assembly }).WebAssembly;
  wasi.start(new Instance(new Module(moduleThatExits(code)), wasi.getImportObject()));
  throw new Error('the process outlived its end');
}

const text = (value: string): readonly number[] => [value.length, ...Buffer.from(value)];
const section = (id: number, ...bytes: readonly number[]): readonly number[] => [id, bytes.length, ...bytes];

/** A program of one instruction, `proc_exit(code)`. https://webassembly.github.io/spec/core/binary/modules.html */
function moduleThatExits(code: number): Uint8Array<ArrayBuffer> {
  const [i32, func, memory] = [0x7f, 0x00, 0x02];
  const constant = [0x41, 0x80 | (code & 0x7f), code >> 7]; // i32.const, signed LEB128: codes are below 8192
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, 2, 0x60, 1, i32, 0, 0x60, 0, 0), // types: (i32) -> (), () -> ()
    ...section(2, 1, ...text('wasi_snapshot_preview1'), ...text('proc_exit'), func, 0),
    ...section(3, 1, 1),
    ...section(5, 1, 0, 0),
    ...section(7, 2, ...text('memory'), memory, 0, ...text('_start'), func, 1),
    ...section(10, 1, 2 + constant.length + 2, 0, ...constant, 0x10, 0, 0x0b), // call 0, end
  ]);
}
