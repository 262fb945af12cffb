import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', '**/*.server.test.ts', '**/*.drill.test.ts'],
    // LMDB and chDB are native and hold state per process: one process a test file.
    pool: 'forks',
    // On two cores vitest would take one; much of the time is spent waiting for processes and stores, so three fill them.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
