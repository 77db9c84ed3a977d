import { defineConfig } from 'vitest/config'

// Where .ci/run reads the counts from.
const report = process.env['TEST_REPORT']

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need a cluster, or programs that npm does not bring: npm run test:cluster, npm run test:protocols.
    exclude: ['test/cluster/**', 'test/protocols/**'],
    // Feature tests start the real program: the slowest machine we know needs two seconds for that.
    testTimeout: 30_000,
    // See test/cluster/vitest.config.ts.
    retry: process.env['CI'] === undefined ? 0 : 1,
    hookTimeout: 30_000,
    pool: 'forks',
    ...(report === undefined ? {} : { reporters: ['default', ['json', { outputFile: report }]] }),
  },
})
