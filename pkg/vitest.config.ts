import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    globalSetup: 'test/support/built.ts',
    // What a busy machine may take; no test waits for time to pass.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
