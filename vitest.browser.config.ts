import { defineConfig } from 'vitest/config';

/** What needs a browser: `npm run test:browser`. Tests that need nothing but Node are vitest.config.ts's. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    expect: { requireAssertions: true },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
