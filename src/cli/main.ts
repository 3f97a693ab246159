#!/usr/bin/env node
import { exitCodeOf } from './exit-codes.js';
import { catchEarlySignals } from './interrupt.js';
import { sayOutOfDescriptors } from './out-of-descriptors.js';
import { reportError } from './report-error.js';

// Before the program is loaded: that takes a third of a second, in which a signal would have its default effect.
catchEarlySignals();
try {
  const { main } = await import('./program.js');
  await main();
} catch (error) {
  const said = sayOutOfDescriptors(error);
  reportError(said);
  process.exitCode = exitCodeOf(said);
}
