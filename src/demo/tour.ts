import type { Gateway } from '../gateway.ts'

export type Tour = {
  readonly ports: Gateway['ports']
  /** Certificate of the demo authority. */
  readonly authorityFile: string
  /** As the user would type it from where they are. */
  readonly examplesFolder: string
  readonly notices: readonly string[]
}

type Stop = { readonly url: string; readonly shows: string; readonly curl: string }

/** What there is to see, each with a line to paste. */
export function formatTour({ ports, authorityFile, examplesFolder, notices }: Tour): string {
  const { http, https, admin } = ports
  const stops: readonly Stop[] = [
    ...(http === undefined ? [] : buildHttpStops(http)),
    ...(https === undefined ? [] : [buildHttpsStop(https, authorityFile)]),
    ...(admin === undefined ? [] : buildAdminStops(admin)),
  ]
  const width = Math.max(...stops.map(({ url }) => url.length))
  return [
    ...notices,
    '',
    `Headgate serves the Ingress objects of ${examplesFolder} in front of three small apps, on this machine only.`,
    'Open a URL in a browser, or paste the line below it.',
    '',
    ...stops.flatMap(({ url, shows, curl }) => [`  ${url.padEnd(width)}  ${shows}`, `      ${curl}`]),
    '',
    `Edit ${examplesFolder}/shop.yaml, for instance its host, and ask again: a change is live within a second.`,
    'Ctrl-C stops everything.',
    '',
  ].join('\n')
}

// The Host header in place of the name: not every resolver knows that *.localhost is this machine (RFC 6761 §6.3).
function buildHttpStops(port: number): readonly Stop[] {
  const visit = (host: string, path: string, shows: string, options = ''): Stop => ({
    url: `http://${host}:${port}${path}`,
    shows,
    curl: `curl ${options}-H 'Host: ${host}' http://127.0.0.1:${port}${path}`,
  })
  return [
    visit('shop.localhost', '/', 'Prefix /: the shop, its two pods in turn'),
    visit('shop.localhost', '/api/cart', 'Prefix /api: another app, which shows the request as it came'),
    visit('blog.localhost', '/', 'another host'),
    visit('blog.localhost', '/feed.xml', 'Exact /feed.xml'),
    visit('any.apps.localhost', '/', 'wildcard host *.apps.localhost'),
    visit('blue.apps.localhost', '/', 'a precise host beats the wildcard'),
    visit('nobody.localhost', '/', 'no rule: 404', '-i '),
    visit(
      'shop.localhost',
      '/socket',
      'WebSocket: 101, then frames come back (a browser tries it on every page)',
      webSocketOptions,
    ),
  ]
}

const webSocketOptions = `-i -m 1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: SGVhZGdhdGUgZGVtbyBrZXk=' `

function buildHttpsStop(port: number, authorityFile: string): Stop {
  const url = `https://secure.localhost:${port}/`
  return {
    url,
    shows: 'HTTPS with a certificate of its own, chosen by name',
    curl: `curl --cacert ${authorityFile} --resolve secure.localhost:${port}:127.0.0.1 ${url}`,
  }
}

function buildAdminStops(port: number): readonly Stop[] {
  return [
    { path: '/routes', shows: 'the routing table' },
    { path: '/metrics', shows: 'metrics for Prometheus' },
  ].map(({ path, shows }) => {
    const url = `http://127.0.0.1:${port}${path}`
    return { url, shows, curl: `curl ${url}` }
  })
}
