import { ZSTDDecoder } from 'zstddec/stream';
import { TouchstoneError } from '../errors.js';

/** The C interface of the zstd decoder, compiled to WebAssembly: sizes and addresses are 32-bit numbers. */
export interface ZstdModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(bytes: number): number;
  free(address: number): void;
  ZSTD_createDCtx(): number;
  ZSTD_freeDCtx(context: number): void;
  ZSTD_DStreamInSize(): number;
  ZSTD_DStreamOutSize(): number;
  /** 0: a frame is complete; an error code (errorOf); else how many bytes it would like next. Both buffers are {address, size, position} structs. */
  ZSTD_decompressStream(context: number, output: number, input: number): number;
  /** Bytes written, or an error code. */
  ZSTD_decompress(output: number, outputBytes: number, input: number, inputBytes: number): number;
}

let loaded: Promise<ZstdModule> | undefined;

/**
 * The zstd decoder of the package zstddec, instantiated once. The package's own streaming method looks at no error code and so cannot tell a
 * corrupt file from a good one; this takes the module out of the package's initialiser and leaves the rest alone.
 */
export function zstdModule(): Promise<ZstdModule> {
  loaded ??= instantiate();
  return loaded;
}

async function instantiate(): Promise<ZstdModule> {
  let exports: unknown;
  class Instantiated extends ZSTDDecoder {
    override _init(result: { readonly instance: { readonly exports: unknown } }): void {
      super._init(result);
      exports = result.instance.exports;
    }
  }
  await new Instantiated().init();
  if (exports === undefined) throw new TouchstoneError('internal', 'the zstd decoder was initialised elsewhere before the corpus reader could take it');
  return exports as ZstdModule;
}

/** ZSTD_ErrorCode of zstd_errors.h, as far as a damaged file can cause them. */
const ERRORS: Readonly<Record<number, string>> = {
  10: 'unknown frame',
  12: 'a frame of an unsupported version',
  14: 'unsupported frame parameters',
  16: 'a frame needs a window of more than 128 MiB',
  20: 'corrupted data',
  22: 'a checksum does not match',
  30: 'a damaged dictionary',
  32: 'a dictionary is needed',
  64: 'not enough memory',
  70: 'more data than announced',
  72: 'sizes do not match',
};

/** What an error code returned by the module means; undefined for any other result. */
export function errorOf(result: number): string | undefined {
  const code = -(result | 0);
  return code > 0 && code < 200 ? (ERRORS[code] ?? `error ${code}`) : undefined;
}
