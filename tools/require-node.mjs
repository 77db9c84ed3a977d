// Preloaded by the npm scripts (node --import): an older Node.js cannot even parse the TypeScript sources, so it gets a
// sentence in place of a syntax error. npm ci brings a fitting one along, unless optional dependencies were left out.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Headgate needs Node.js 24 or later; this is ${process.version} (${process.execPath}).\n` +
      'npm ci installs one into node_modules for Linux and macOS: run it without --omit=optional, or install Node.js 24.\n',
  )
  process.exit(1)
}
