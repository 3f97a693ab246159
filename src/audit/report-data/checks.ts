/** A number that a condition can name. */
export interface Metric {
  readonly name: string;
  /** null where this audit does not have it; `needs` says what it takes, null = nothing. */
  readonly value: number | null;
  /** What is counted, 'share' for numbers from 0 to 1. */
  readonly unit: 'tokens' | 'documents' | 'rows' | 'units' | 'nats' | 'share' | 'sources' | 'problems' | 'index' | 'bits per byte' | 'perplexity';
  /** Counts as a share of their whole, for conditions with a percent sign; null where there is none. */
  readonly share: number | null;
  readonly meaning: string;
  readonly needs: string | null;
}

/** A condition of --fail-on and whether it came true. */
export interface Check {
  /** As it was written: "quarantined>0.1%". */
  readonly condition: string;
  readonly metric: string;
  readonly operator: '>' | '>=' | '<' | '<=';
  readonly limit: number;
  /** Whether limit and value are shares: the condition had a percent sign. */
  readonly asShare: boolean;
  readonly value: number;
  readonly failed: boolean;
}
