import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const report = process.env['TEST_REPORT']

export default defineConfig({
  test: {
    include: ['test/protocols/**/*.test.ts'],
    globalSetup: [join(import.meta.dirname, 'support/global-setup.ts')],
    pool: 'forks',
    testTimeout: 60_000,
    // See test/cluster/vitest.config.ts.
    retry: process.env['CI'] === undefined ? 0 : 1,
    hookTimeout: 60_000,
    ...(report === undefined ? {} : { reporters: ['default', ['json', { outputFile: report }]] }),
  },
})
