import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const report = process.env['TEST_REPORT']

export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    globalSetup: [join(import.meta.dirname, 'support/global-setup.ts')],
    // One bed, one file at a time: each is free to cut off a node.
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    ...(report === undefined ? {} : { reporters: ['default', ['json', { outputFile: report }]] }),
  },
})
