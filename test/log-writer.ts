import { createLogger, droppedLogLines, logFatalErrors } from '../src/log.ts'

// A process that does nothing but write a program log to its standard output: log-output.test.ts starts it.
//   node log-writer.ts LINES crash|reject|exit|end|stay [TEXT]

export type LogWriterReport = { readonly state: 'handed-over' | 'asked'; readonly dropped: number }

const [lines = '0', ending = 'stay', text = 'x'] = process.argv.slice(2)
const log = createLogger({ level: 'info', format: 'json' })
logFatalErrors(log)

for (let id = 1; id <= Number(lines); id++) log.info({ id, text: text.repeat(id % 1_000) }, 'line')
process.send?.({ state: 'handed-over', dropped: droppedLogLines() } satisfies LogWriterReport)

process.on('message', () => {
  log.info({ id: 'asked' }, 'line')
  process.send?.({ state: 'asked', dropped: droppedLogLines() } satisfies LogWriterReport)
})
switch (ending) {
  case 'crash':
    setImmediate(() => {
      throw new Error('a bug')
    })
    break
  case 'reject':
    await Promise.reject(new Error('a bug'))
    break
  case 'exit':
    log.error({}, 'last words')
    process.exit(3)
    break
  case 'end':
    process.disconnect?.()
    break
  default:
}
