// Loaded into a Headgate by --import, with --expose-gc: at SIGUSR2 it says what its heap keeps.
process.on('SIGUSR2', () => {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  process.stderr.write(`heap-probe kept=${heapUsed + external}\n`)
})
