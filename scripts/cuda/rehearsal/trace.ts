/** A matrix product as cuBLAS was asked for it. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: number;
  /** cudaDataType: 0 float32, 2 float16. */
  readonly type: number;
  /** cublasComputeType_t: 68 sums in float32, 64 in float16. */
  readonly compute: number;
}

export interface Copy {
  readonly kind: 'h2d' | 'd2h' | 'd2d' | 'h2h' | 'any';
  readonly bytes: number;
}

/** What a device was asked for between two marks, in order. */
export interface Stretch {
  readonly mark: string;
  /** Mangled names of kernels. */
  readonly launches: readonly string[];
  readonly products: readonly Product[];
  readonly copies: readonly Copy[];
  /** What the host waited for. */
  readonly waits: readonly string[];
  /** Whatever cannot work on a device: kernels with impossible grids, memory that is not there, calls that nothing of this program should lead to. */
  readonly troubles: readonly string[];
  /** Most bytes of device memory that were allocated at once. */
  readonly peakBytes: number;
}

interface OpenStretch extends Stretch {
  readonly launches: string[];
  readonly products: Product[];
  readonly copies: Copy[];
  readonly waits: string[];
  readonly troubles: string[];
  peakBytes: number;
}

/** What belongs to one rehearsal: its loading, which bears its name, and its runs. */
export interface Trace {
  readonly stretches: readonly Stretch[];
}

/** Parses what stand-in.h describes. A line "mark rehearsal NAME" begins a trace, other marks a stretch of it; what comes before the first is left out. */
export function parseTrace(text: string): readonly Trace[] {
  const traces: { readonly stretches: OpenStretch[] }[] = [];
  let live = 0;
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.split(' ');
    const stretch = traces.at(-1)?.stretches.at(-1);
    if (word === 'mark') {
      if (rest[0] === 'rehearsal') traces.push({ stretches: [] });
      traces.at(-1)!.stretches.push({ mark: rest.join(' '), launches: [], products: [], copies: [], waits: [], troubles: [], peakBytes: live });
    } else if (word === 'malloc' || word === 'free') {
      live = Number(rest[1]);
      if (stretch !== undefined) stretch.peakBytes = Math.max(stretch.peakBytes, live);
    } else if (stretch !== undefined) note(stretch, word!, rest);
  }
  return traces;
}

function note(stretch: OpenStretch, word: string, rest: readonly string[]): void {
  switch (word) {
    case 'launch': stretch.launches.push(rest[0]!); break;
    case 'product': {
      const [m, n, k, batch, type, compute] = rest.slice(1).map(Number);
      stretch.products.push({ m: m!, n: n!, k: k!, batch: batch!, type: type!, compute: compute! });
      break;
    }
    case 'h2d': case 'd2h': case 'd2d': case 'h2h': case 'any': stretch.copies.push({ kind: word, bytes: Number(rest[0]) }); break;
    case 'wait': stretch.waits.push(rest[0]!); break;
    case 'impossible': case 'refused': stretch.troubles.push([word, ...rest].join(' ')); break;
    case 'call': if (!/^cublasS(geam|copy_v2|scal_v2)$/.test(rest[0]!)) stretch.troubles.push(`call ${rest.join(' ')}`); break;
    case 'pinned': case '': break;
    default: throw new Error(`a trace has no lines that begin with ${JSON.stringify(word)}`);
  }
}

export function productFlops(products: readonly Product[]): number {
  return products.reduce((sum, { m, n, k, batch }) => sum + 2 * m * n * k * batch, 0);
}
