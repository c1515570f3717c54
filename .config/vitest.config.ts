import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  test: {
    include: ['test/**/*.test.ts'],
    // Real servers and a two-core machine: files one after another in few processes keep the runs repeatable.
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', fileURLToPath(new URL('./summary-reporter.ts', import.meta.url))],
    // No test asserts a time: these only end what hangs, however slow the machine.
    testTimeout: 900_000,
    hookTimeout: 300_000,
  },
});
