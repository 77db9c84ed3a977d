import { setImmediate } from 'node:timers/promises'
import { openAccessLog } from '../../src/proxy/access-log.ts'
import { fullEntry } from './access-log-entries.ts'

// A process that does nothing but write an access log to its standard output: access-log-output.test.ts starts it.
//   node access-log-writer.ts NAME LINES close|exit|end|stay [non-blocking]

/** Sent when all lines have been handed to the log, when another one was asked for, and when the log is closed. */
export type WriterReport = {
  readonly state: 'handed-over' | 'asked' | 'closed'
  readonly written: number
  readonly dropped: number
  /** Bytes of heap and of buffers, after a garbage collection where that can be asked for. */
  readonly memory: number
}

const [name = '', lines = '0', ending = 'close', mode] = process.argv.slice(2)
// Who touches it sets O_NONBLOCK for all processes that share it.
if (mode === 'non-blocking' && process.stdout.isTTY) throw new Error('this is for sockets')
const log = openAccessLog({ accessLog: 'json', accessLogFields: [] })
if (log === undefined) throw new Error('there is no log')

for (let line = 1; line <= Number(lines); line++) {
  log.write({ ...fullEntry, time: Date.now(), requestId: `${name}-${line}`, target: `/${'x'.repeat(line % 1_000)}` })
  if (line % 64 === 0) await setImmediate()
}
report('handed-over')
process.on('message', (wish) => {
  log.write({ ...fullEntry, requestId: `${name}-asked` })
  if (wish === 'a line and a report') report('asked')
})
if (ending === 'end') process.disconnect?.()
if (ending === 'exit') process.exit(0)
if (ending === 'close') {
  await log.close()
  report('closed')
  process.disconnect?.()
}

function report(state: WriterReport['state']): void {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  const { written, dropped } = log ?? { written: 0, dropped: 0 }
  process.send?.({ state, written, dropped, memory: heapUsed + external } satisfies WriterReport)
}
