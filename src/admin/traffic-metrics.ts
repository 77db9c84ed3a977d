import type { MetricDefinition } from './metric-definition.ts'

/** Those that have a series for each path are in series-text.ts. */
export const trafficMetrics: readonly MetricDefinition[] = [
  {
    name: 'headgate_requests_in_flight',
    type: 'gauge',
    labels: [],
    help: 'Requests being answered now.',
    samples: ({ counters }) => [{ value: counters.requestsInFlight }],
  },
  {
    name: 'headgate_connections',
    type: 'gauge',
    labels: [],
    help: 'Connections of clients that are open now.',
    samples: ({ counters }) => [{ value: counters.connections }],
  },
  {
    name: 'headgate_tunnels',
    type: 'gauge',
    labels: [],
    help: 'Upgraded connections (WebSocket) that are open now.',
    samples: ({ counters }) => [{ value: counters.tunnels }],
  },
  {
    name: 'headgate_upstream_errors_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Attempts at an endpoint that failed, also where another attempt then succeeded.',
    samples: ({ counters }) =>
      Object.entries(counters.upstreamErrors).map(([reason, value]) => ({ value, labels: { reason } })),
  },
  {
    name: 'headgate_requests_by_lane_total',
    type: 'counter',
    labels: ['lane'],
    help: 'Requests by who parsed them: fast and standard for HTTP/1.1, h2, and tunnel for handshakes of WebSockets.',
    samples: ({ counters }) =>
      Object.entries(counters.requestsByLane).map(([lane, value]) => ({ value, labels: { lane } })),
  },
  {
    name: 'headgate_fast_lane_handovers_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Connections that went from the fast lane to the standard lane, by what their request had that is not plain.',
    samples: ({ counters }) =>
      Object.entries(counters.handovers).map(([reason, value]) => ({ value, labels: { reason } })),
  },
  {
    name: 'headgate_http2_limits_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Times that a limit of HTTP/2 refused a stream or ended a connection, by the limit.',
    samples: ({ counters }) =>
      Object.entries(counters.http2Limits).map(([reason, value]) => ({ value, labels: { reason } })),
  },
  {
    name: 'headgate_upstream_retries_total',
    type: 'counter',
    labels: [],
    help: 'Attempts made after another attempt for the same request had failed.',
    samples: ({ counters }) => [{ value: counters.retries }],
  },
  {
    name: 'headgate_endpoint_ejections_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Times that an endpoint was passed by from then on, as it took no connection; each process counts its own.',
    samples: ({ counters }) =>
      Object.entries(counters.ejections).map(([reason, value]) => ({ value, labels: { reason } })),
  },
  {
    name: 'headgate_endpoints_ejected',
    type: 'gauge',
    labels: [],
    help: 'Endpoints that are passed by now: in the process that passes by most.',
    samples: ({ counters }) => [{ value: counters.endpointsEjected }],
  },
  {
    name: 'headgate_access_log_lines_dropped_total',
    type: 'counter',
    labels: [],
    help: 'Lines of the access log that were left out, as standard output took no more or could not be written.',
    samples: ({ counters }) => [{ value: counters.accessLogLinesDropped }],
  },
  {
    name: 'headgate_log_lines_dropped_total',
    type: 'counter',
    labels: [],
    help: "Lines of the program's own log that were left out, as standard output took no more or could not be written.",
    samples: ({ counters, logLinesDropped }) => [{ value: counters.logLinesDropped + logLinesDropped }],
  },
]
