import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { ownBedNames } from './support/own-beds.ts'

const report = process.env['TEST_REPORT']

export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    globalSetup: [join(import.meta.dirname, 'support/global-setup.ts')],
    pool: 'forks',
    // A bed for each file that runs: each is free to cut off a node.
    maxWorkers: process.env['HEADGATE_BED'] === undefined ? ownBedNames.length : 1,
    testTimeout: 120_000,
    // On a machine that others use too, a bound in seconds may be missed once. Whoever looks for such tests runs without it.
    retry: process.env['CI'] === undefined ? 0 : 1,
    hookTimeout: 120_000,
    // At the end the audit log is read and the beds are taken down. When time is up, Vitest ends with success.
    teardownTimeout: 180_000,
    ...(report === undefined ? {} : { reporters: ['default', ['json', { outputFile: report }]] }),
  },
})
