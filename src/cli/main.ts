#!/usr/bin/env node
import { catchEarlySignals } from './interrupt.js';

// Before anything else is loaded: that takes a third of a second, in which a signal would have its default effect.
catchEarlySignals();
const { main } = await import('./program.js');
await main();
