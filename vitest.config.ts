import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Feature tests start the real program: the slowest machine we know needs two seconds for that.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
  },
})
