import { defineConfig } from 'vitest/config';

/** The suites against real servers, by their URLs in the environment, else in containers (docs/testing.md). Run one after the other. */
export default defineConfig({
  test: {
    include: ['**/*.server.test.ts'],
    exclude: ['node_modules/**'],
    globalSetup: './tests/servers.setup.ts',
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
