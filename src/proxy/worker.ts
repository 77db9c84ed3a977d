import { createLogger, logFatalErrors } from '../log.ts'
import { DataPlane } from './data-plane.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts'

// The process that carries traffic. It loads nothing of Kubernetes, YAML or the command line: those stay in the primary.

const setup: WorkerSetup = JSON.parse(process.env['HEADGATE_WORKER_SETUP'] ?? '{}')
const log = createLogger({ level: setup.logLevel, format: setup.logFormat }).child({ worker: process.pid })
logFatalErrors(log)
const dataPlane = new DataPlane({ log, options: setup.proxy })

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'patch':
      dataPlane.apply(message.patch, message.last)
      break
    case 'listen':
      dataPlane.listen(message.options).then(
        (ports) => send({ type: 'listening', ports }),
        (error: NodeJS.ErrnoException & { port?: number }) =>
          send({ type: 'listen-failed', code: error.code ?? '', port: error.port ?? 0, message: error.message }),
      )
      break
    case 'report':
      send({ type: 'report', id: message.id, report: dataPlane.report() })
      break
    case 'announce-end':
      dataPlane.announceEnd()
      break
    case 'drain':
      dataPlane.drain(message.deadlineMs).then(() => {
        send({ type: 'drained' })
        process.disconnect?.()
      })
      break
    default:
      message satisfies never
  }
})

// Signals go to the whole group of a terminal; the primary alone decides when a worker ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
// Without the primary nobody would send tables, count or drain: a worker must not outlive it.
process.once('disconnect', () => process.exit(0))

send({ type: 'started' })

function send(message: FromWorker): void {
  // The primary may be gone before the channel says so: its end is handled above, and is no fault of this message.
  process.send?.(message, undefined, undefined, () => {})
}
