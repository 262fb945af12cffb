import { defineConfig } from 'vitest/config';

/** The suites against real servers, whose URLs are in the environment (docs/testing.md). Run one after the other. */
export default defineConfig({
  test: {
    include: ['**/*.server.test.ts'],
    exclude: ['node_modules/**'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
