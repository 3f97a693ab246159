import { describe, expect, it } from 'vitest';
import { readFlags } from '../../src/config/flag-settings.js';

const RATE = { flag: '--learning-rate', key: 'optimizer.learningRate', argument: '<rate>', words: 'number', description: 'rate' } as const;
const valueOf = (words: string): unknown => readFlags([RATE], { learningRate: words }, '/')[0]!.value;

describe('the number of a flag', () => {
  it('may have a fraction and an exponent, as in YAML', () => {
    expect(['12', '-3', '0.002', '2e-3', '8.0E-5', '1e+3'].map(valueOf)).toEqual([12, -3, 0.002, 0.002, 8e-5, 1000]);
  });

  it('is handed on as it stands where it is none, for the message', () => {
    expect(['', 'fast', '0x10', '1e', '1 2', '.', 'Infinity'].map(valueOf)).toEqual(['', 'fast', '0x10', '1e', '1 2', '.', 'Infinity']);
  });
});
