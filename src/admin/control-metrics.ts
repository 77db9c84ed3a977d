import type { Problem } from '../problem.ts'
import type { Certificate } from '../router/table.ts'
import type { MetricDefinition, Sample } from './metric-definition.ts'

/** A scrape must stay small whatever tenants write: what goes beyond is summed up, or is the least urgent. */
const maxProblemSamples = 1_000
const maxCertificateSamples = 1_000

export const controlMetrics: readonly MetricDefinition[] = [
  {
    name: 'headgate_ready',
    type: 'gauge',
    labels: [],
    help: '1 while /readyz says ready.',
    samples: ({ ready }) => [{ value: Number(ready) }],
  },
  {
    name: 'headgate_config_generation',
    type: 'gauge',
    labels: [],
    help: 'Number of the routing table; grows by one with each change.',
    samples: ({ config }) => [{ value: config.generation }],
  },
  {
    name: 'headgate_config_last_success_timestamp_seconds',
    type: 'gauge',
    labels: [],
    help: 'When a routing table was last built.',
    samples: ({ config }) => optional(config.lastSuccess),
  },
  {
    name: 'headgate_config_build_duration_seconds',
    type: 'gauge',
    labels: [],
    help: 'Time that the last build of the routing table took.',
    samples: ({ config }) => optional(config.lastBuildSeconds),
  },
  {
    name: 'headgate_problems',
    type: 'gauge',
    labels: ['kind', 'namespace', 'reason'],
    help: 'Mistakes in objects, by kind and namespace of the object and by reason. /routes names each one. Beyond 1,000 label sets the namespace is (more).',
    samples: ({ problems }) => problemSamples(problems),
  },
  {
    name: 'headgate_certificates',
    type: 'gauge',
    labels: [],
    help: 'Certificates in the routing table.',
    samples: ({ certificates }) => [{ value: bySource(certificates).length }],
  },
  {
    name: 'headgate_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    labels: ['namespace', 'secret'],
    help: 'When the certificate of a Secret expires; (generated) is the default certificate made at the start. The 1,000 that expire first.',
    samples: ({ certificates }) => certificateSamples(certificates),
  },
  {
    name: 'headgate_control_plane_connected',
    type: 'gauge',
    labels: [],
    help: '1 while the API server, or the folder of manifests, can be read.',
    samples: ({ controlPlane }) => [{ value: Number(controlPlane.connected) }],
  },
  {
    name: 'headgate_control_plane_last_contact_timestamp_seconds',
    type: 'gauge',
    labels: [],
    help: 'When the API server, or the folder of manifests, was last heard of.',
    samples: ({ controlPlane }) => optional(controlPlane.lastContact),
  },
  {
    name: 'headgate_watch_connected',
    type: 'gauge',
    labels: ['kind'],
    help: '1 while the watch of this kind is connected. None where the objects come from files.',
    samples: ({ watches }) => watches.map(({ kind, connected }) => ({ value: Number(connected), labels: { kind } })),
  },
  {
    name: 'headgate_workers',
    type: 'gauge',
    labels: [],
    help: 'Worker processes that are alive.',
    samples: ({ workers }) => [{ value: workers.alive }],
  },
  {
    name: 'headgate_worker_restarts_total',
    type: 'counter',
    labels: [],
    help: 'Worker processes that died and were replaced.',
    samples: ({ workers }) => [{ value: workers.restarts }],
  },
  {
    name: 'headgate_event_loop_delay_seconds',
    type: 'gauge',
    labels: ['process', 'quantile'],
    help: 'Delay of the event loop of each process in the last seconds: quantiles 0.5 and 0.99, and 1 for the longest.',
    samples: ({ processes }) =>
      processes.flatMap(({ process, eventLoopDelay: { p50, p99, max } }) => [
        { value: p50, labels: { process, quantile: '0.5' } },
        { value: p99, labels: { process, quantile: '0.99' } },
        { value: max, labels: { process, quantile: '1' } },
      ]),
  },
  {
    name: 'headgate_process_resident_memory_bytes',
    type: 'gauge',
    labels: ['process'],
    help: 'Resident memory of each process.',
    samples: ({ processes }) =>
      processes.map(({ process, residentBytes }) => ({ value: residentBytes, labels: { process } })),
  },
  {
    name: 'headgate_process_config_generation',
    type: 'gauge',
    labels: ['process'],
    help: 'Number of the routing table that each process serves.',
    samples: ({ processes }) =>
      processes.flatMap(({ process, generation }) =>
        optional(generation).map((sample) => ({ ...sample, labels: { process } })),
      ),
  },
]

function optional(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ value }]
}

function problemSamples(problems: readonly Problem[]): Sample[] {
  const counts = new Map<string, { value: number; readonly labels: Record<string, string> }>()
  for (const { object, reason } of problems) {
    const labels = { kind: object.kind, namespace: object.namespace, reason }
    const isKnown = counts.has(Object.values(labels).join('\n'))
    if (!isKnown && counts.size >= maxProblemSamples) labels.namespace = '(more)'
    const key = Object.values(labels).join('\n')
    const count = counts.get(key)
    if (count === undefined) counts.set(key, { value: 1, labels })
    else count.value++
  }
  return [...counts.values()]
}

/** One certificate may serve many names. */
function bySource(certificates: ReadonlyMap<string, Certificate>): Certificate[] {
  return [...new Map([...certificates.values()].map((certificate) => [certificate.source, certificate])).values()]
}

function certificateSamples(certificates: ReadonlyMap<string, Certificate>): Sample[] {
  return bySource(certificates)
    .sort((a, b) => a.notAfter - b.notAfter)
    .slice(0, maxCertificateSamples)
    .map(({ source, notAfter }) => {
      const slash = source.indexOf('/')
      const labels = { namespace: source.slice(0, Math.max(slash, 0)), secret: source.slice(slash + 1) }
      return { value: notAfter / 1000, labels }
    })
}
