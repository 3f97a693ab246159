import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { RotarySpec } from '../../src/records.js';
import { configFields } from '../../src/model/config-fields.js';
import { modelConfig } from '../../src/model/model-config.js';
import { rotarySpec } from '../../src/model/rotary.js';

/** What one rounding of float32 can change, relatively. */
const FLOAT32_STEP = 2 ** -23;

interface Shape {
  readonly config: Readonly<Record<string, unknown>>;
  readonly inverseFrequency: readonly number[];
}
const { shapes } = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/oracle/rotary.json'), 'utf8')) as { shapes: readonly Shape[] };

function llamaRotary(keys: Readonly<Record<string, unknown>>, headDim = 64): RotarySpec {
  const config = configFields(new Map(Object.entries({ max_position_embeddings: 4096, ...keys })), 'config.json');
  return rotarySpec(config, headDim, { theta: ['rope_theta'], share: ['partial_rotary_factor'], defaultShare: 1 });
}

describe('the rotary embedding', () => {
  it.each(shapes.map((shape) => [`${String(shape.config['model_type'])} of width ${String(shape.config['hidden_size'])}`, shape] as const))(
    'has the inverse frequencies PyTorch computes: %s',
    (_, { config, inverseFrequency }) => {
      const { spec } = modelConfig(new Map(Object.entries(config)), 'config.json', () => true);
      const found = 'rotary' in spec ? [...spec.rotary.inverseFrequency] : [];
      expect(found).toHaveLength(inverseFrequency.length);
      found.forEach((value, pair) => {
        expect(Math.abs(value / inverseFrequency[pair]! - 1)).toBeLessThanOrEqual(FLOAT32_STEP);
      });
    },
  );

  it('rotates pairs at base^(-2i / dim) and is float32 like the tables the models were trained with', () => {
    const { inverseFrequency, rotaryDim } = llamaRotary({ rope_theta: 500 }, 8);
    expect(rotaryDim).toBe(8);
    [...inverseFrequency].forEach((value, pair) => {
      expect(value).toBeCloseTo(500 ** (-2 * pair / 8), 6);
      expect(value).toBe(Math.fround(value));
    });
  });

  it('has base 10000 where none is given', () => {
    expect(llamaRotary({})).toEqual(llamaRotary({ rope_theta: 10000 }));
  });

  const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
  it.each([
    ['default', { rope_theta: 5e5 }, { rope_parameters: { rope_type: 'default', rope_theta: 5e5 } }],
    ['default, stated', { rope_theta: 5e5, rope_scaling: { type: 'default' } }, { rope_parameters: { rope_type: 'default', rope_theta: 5e5 } }],
    ['linear', { rope_theta: 1e6, rope_scaling: { type: 'linear', factor: 4 } }, { rope_parameters: { rope_type: 'linear', rope_theta: 1e6, factor: 4 } }],
    ['llama3', { rope_theta: 5e5, rope_scaling: { ...llama3, rope_type: 'llama3' } }, { rope_parameters: { ...llama3, rope_type: 'llama3', rope_theta: 5e5 } }],
  ])('means the same in both spellings: %s', (_, older, newer) => {
    expect(llamaRotary(older)).toEqual(llamaRotary(newer));
    expect(llamaRotary({ ...older, ...newer })).toEqual(llamaRotary(newer));
  });

  it('of type llama3 keeps short wavelengths, divides long ones by the factor and interpolates between', () => {
    const plain = llamaRotary({ rope_theta: 5e5 }).inverseFrequency;
    const scaled = llamaRotary({ rope_theta: 5e5, rope_scaling: { ...llama3, rope_type: 'llama3' } }).inverseFrequency;
    const ratios = [...plain].map((value, pair) => value / scaled[pair]!);
    ratios.forEach((ratio, pair) => {
      const wavelength = (2 * Math.PI) / plain[pair]!;
      if (wavelength < 8192 / 4) expect(ratio).toBe(1);
      else if (wavelength > 8192) expect(ratio).toBeCloseTo(8, 5);
      else {
        const smooth = (8192 / wavelength - 1) / 3;
        expect(1 / ratio).toBeCloseTo((1 - smooth) / 8 + smooth, 5);
      }
    });
    expect(ratios.filter((ratio) => ratio > 1 && ratio < 7.99).length).toBeGreaterThan(2);
  });

  it.each([
    [{ rope_scaling: { type: 'dynamic', factor: 2 } }, 'rope_type must be one of default, linear, llama3, found "dynamic"'],
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'found "yarn"'],
    [{ rope_parameters: { rope_type: 'longrope' } }, 'found "longrope"'],
    [{ rope_scaling: { type: 'mrope', rope_type: 'default' } }, 'rope_type is given twice and must agree, found "default" and "mrope"'],
    [{ rope_parameters: { rope_type: 'default', mrope_section: [1, 2] } }, 'the rotary key mrope_section is not part of rope_type default, found [1,2]'],
    [{ rope_scaling: { type: 'linear', factor: 2, attention_factor: 1.2 } }, 'the rotary key attention_factor is not part of rope_type linear'],
    [{ rope_scaling: { type: 'linear' } }, 'factor of rope_type linear must be a positive number, found nothing'],
    [{ rope_scaling: { type: 'linear', factor: '2' } }, 'factor of rope_type linear must be a positive number, found "2"'],
    [{ rope_scaling: { ...llama3, rope_type: 'llama3', original_max_position_embeddings: null } }, 'original_max_position_embeddings of rope_type llama3 must be a positive number, found null'],
    [{ rope_scaling: { ...llama3, rope_type: 'llama3', high_freq_factor: 1 } }, 'high_freq_factor must be greater than low_freq_factor (1), found 1'],
    [{ original_max_position_embeddings: 4096, rope_scaling: { ...llama3, rope_type: 'llama3' } }, 'original_max_position_embeddings is given twice and must agree, found 4096 and 8192'],
    [{ rope_theta: 10000, rope_parameters: { rope_theta: 5000 } }, 'rope_theta is given twice and must agree, found 10000 and 5000'],
    [{ rope_scaling: { type: 'linear', factor: 2 }, rope_parameters: { rope_type: 'default' } }, 'rope_scaling.type is given twice and must agree, found "linear" and "default"'],
    [{ rope_theta: 0 }, 'rope_theta must be a positive number, found 0'],
    [{ rope_scaling: [2] }, 'rope_scaling must be an object or null, found [2]'],
    [{ partial_rotary_factor: 0.3 }, 'the rotated part of each head must be an even number of dimensions of 64, found 19.2'],
    [{ partial_rotary_factor: 1.5 }, 'the rotated part of each head must be an even number of dimensions of 64, found 96'],
  ])('is refused where it is not one we can compute: %j', (keys, message) => {
    expect(() => llamaRotary(keys)).toThrow(message);
  });
});
