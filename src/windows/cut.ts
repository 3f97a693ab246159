import { TouchstoneError } from '../errors.js';

export interface WindowOptions {
  /** Tokens the model sees at once, a BOS prefix included. */
  readonly contextLength: number;
  /** Tokens from the start of one window to the start of the next; at most contextLength - 1. */
  readonly stride: number;
  /** Id put before a document as context, or null. */
  readonly prefixId: number | null;
}

/**
 * A stretch of a document that goes through the model as one sequence. Positions count from the start of the prefixed
 * document: with a BOS prefix, position 0 is the BOS and position p is token p - 1; without, position p is token p.
 */
export interface Window {
  readonly start: number;
  readonly length: number;
  /** First and one-past-last position whose loss this window gives. */
  readonly firstTarget: number;
  readonly endTarget: number;
}

/**
 * The windows of a document of `tokens` tokens, in order. Every position but the first is the target of exactly one window:
 * the first that reaches it, which is the one that gives it the longest context the stride allows (at least
 * contextLength - stride tokens once the document is past its first window). A document without any target has no window.
 */
export function cutWindows(tokens: number, { contextLength, stride, prefixId }: WindowOptions): Window[] {
  if (stride < 1 || stride >= contextLength) {
    throw new TouchstoneError('usage', `windows.stride must be from 1 to contextLength - 1 = ${contextLength - 1}, got ${stride}`, {
      advice: 'A stride of the whole context would leave the first token of every window without context.',
    });
  }
  const positions = tokens + (prefixId === null ? 0 : 1);
  const windows: Window[] = [];
  for (let start = 0, firstTarget = 1; firstTarget < positions; start += stride) {
    const endTarget = Math.min(start + contextLength, positions);
    windows.push({ start, length: endTarget - start, firstTarget, endTarget });
    firstTarget = endTarget;
  }
  return windows;
}
