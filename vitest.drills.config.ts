import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** What is killed or changed again and again, and needs no server: longer than `npm test` may take. */
export default defineConfig({
  test: {
    include: ['**/*.drill.test.ts'],
    exclude: ['node_modules/**'],
    pool: 'forks',
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
