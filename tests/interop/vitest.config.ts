import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['specs/**/*.spec.ts'],
    globalSetup: 'support/built.ts',
    testTimeout: 20_000,
    maxWorkers: 2,
  },
});
