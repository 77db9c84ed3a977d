import { setImmediate } from 'node:timers/promises'
import {
  durationBounds,
  methodClasses,
  type SeriesLabels,
  type SeriesSnapshot,
  statusClasses,
} from '../proxy/counters.ts'

// The two metrics that have a series for each Ingress path are written here and not by prom-client: with 5,000 series, 80,000
// lines, it holds up the event loop for 200 ms in one piece, and this for 30 ms at most (measured with monitorEventLoopDelay).

const requestsTotal = {
  name: 'headgate_requests_total',
  type: 'counter',
  labels: ['host', 'namespace', 'ingress', 'service', 'method', 'status'],
  help: 'Requests answered, by method (rare ones as other) and class of status. Requests that fit no route have empty labels; beyond 10,000 label sets the host is (more).',
} as const

const requestDuration = {
  name: 'headgate_request_duration_seconds',
  type: 'histogram',
  labels: ['host', 'namespace', 'ingress', 'service'],
  help: 'Time from the head of a request to the end of its answer.',
} as const

/** After this many series whoever else wants the event loop gets it. */
const seriesPerTurn = 250

/** Both metrics in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export async function seriesText(series: readonly SeriesSnapshot[]): Promise<string> {
  const requests = [head(requestsTotal)]
  const durations = ['\n', head(requestDuration)]
  for (const [index, one] of series.entries()) {
    if (index % seriesPerTurn === seriesPerTurn - 1) await setImmediate()
    const labels = labelsText(one.labels)
    requests.push(requestLines(labels, one.requests))
    durations.push(durationLines(labels, one))
  }
  return [...requests, ...durations].join('')
}

function head({ name, type, help }: { name: string; type: string; help: string }): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function labelsText({ host, namespace, ingress, service }: SeriesLabels): string {
  return `host="${escapeValue(host)}",namespace="${escapeValue(namespace)}",ingress="${escapeValue(ingress)}",service="${escapeValue(service)}"`
}

function escapeValue(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}

const requestCells = methodClasses.flatMap((method) =>
  statusClasses.map((status) => `method="${method}",status="${status}"`),
)

function requestLines(labels: string, counts: Float64Array): string {
  let lines = ''
  for (const [cell, text] of requestCells.entries()) {
    const count = counts[cell] ?? 0
    if (count > 0) lines += `${requestsTotal.name}{${labels},${text}} ${count}\n`
  }
  return lines
}

const buckets = [...durationBounds, '+Inf'].map((bound) => `le="${bound}"`)

function durationLines(labels: string, { durations, durationSum }: SeriesSnapshot): string {
  const { name } = requestDuration
  let lines = ''
  let count = 0
  for (const [index, bucket] of buckets.entries()) {
    count += durations[index] ?? 0
    lines += `${name}_bucket{${labels},${bucket}} ${count}\n`
  }
  return `${lines}${name}_sum{${labels}} ${durationSum}\n${name}_count{${labels}} ${count}\n`
}
