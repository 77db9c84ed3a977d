#!/usr/bin/env node
// Says what is needed before anything is loaded that older versions cannot parse; a checkout has tools/require-node.mjs for that.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(`Headgate needs Node.js 24 or later; this is ${process.version}.\n`)
  process.exit(1)
}

const { run } = await import('./cli/program.ts')
// Ends the process itself: a container must not outlive its gateway because of a forgotten handle.
process.exit(await run(process.argv.slice(2)))
