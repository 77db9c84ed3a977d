import { createHash } from 'node:crypto'
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'
import { toApiError } from './api-error.ts'
import { loadKubeconfig } from './kubeconfig.ts'

export type Query = Readonly<Record<string, string | undefined>>

/** The API server as plain JSON over HTTP. Every call throws ApiError for an answer that is not 2xx, and errors of I/O. */
export interface ApiClient {
  /** Where these credentials belong: of the service account or of the kubeconfig's context. */
  readonly namespace: string | undefined
  get(path: string, query: Query, signal: AbortSignal): Promise<unknown>
  /** The bytes of a watch, as they come. */
  watch(path: string, query: Query, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  create(path: string, object: object, signal: AbortSignal): Promise<unknown>
  replace(path: string, object: object, signal: AbortSignal): Promise<unknown>
  /** A merge patch (RFC 7396). */
  patch(path: string, patch: object, signal: AbortSignal): Promise<unknown>
  close(): Promise<void>
}

export type ApiClientOptions = {
  /** undefined: KUBECONFIG, ~/.kube/config or the service account. */
  readonly kubeconfig?: string | undefined
  /** Milliseconds for an answer to begin, and between two reads of it. Watches have no limit between reads. */
  readonly timeoutMs?: number
}

type Call = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'
  readonly path: string
  readonly query?: Query
  readonly body?: object
  readonly contentType?: string
  readonly endless?: boolean
  readonly signal: AbortSignal
}

// A network that drops packets tells nobody. Probes end a connection on which nothing comes any more after 10 s and ten
// more of a second each (libuv), long before the watch counts as silent; and a first packet that was dropped is sent again
// by a new attempt, not after the doubled waits of the kernel.
const connecting = { keepAlive: true, keepAliveInitialDelay: 10_000, timeout: 5_000 }

/** Throws KubeconfigError where there is no usable configuration; connects only with the first call. */
export function createApiClient({ kubeconfig, timeoutMs = 30_000 }: ApiClientOptions): ApiClient {
  let credentials = loadKubeconfig(kubeconfig)
  let shared: { readonly id: string; readonly dispatcher: Dispatcher } | undefined

  async function send(call: Call): Promise<Dispatcher.ResponseData> {
    const cluster = credentials.getCurrentCluster()
    if (cluster === null) throw new Error('the kubeconfig names no cluster')
    const options: RequestOptions = {}
    // Reads token, certificate and CA files again, so what was rotated is used without a restart.
    await credentials.applyToHTTPSOptions(options)
    const response = await request(urlOf(cluster.server, call), {
      method: call.method,
      headers: headersOf(options, call),
      body: call.body === undefined ? null : JSON.stringify(call.body),
      dispatcher: dispatcherFor(options),
      signal: call.signal,
      headersTimeout: timeoutMs,
      bodyTimeout: call.endless === true ? 0 : timeoutMs,
    })
    if (response.statusCode >= 200 && response.statusCode < 300) return response
    // The library keeps a token for a minute: after a rotation it is wrong until then, unless we begin anew.
    if (response.statusCode === 401) credentials = reloadConfig(kubeconfig, credentials)
    const text = await response.body.text()
    throw toApiError(response.statusCode, parseOrUndefined(text), headerText(response.headers['retry-after']))
  }

  /** One for all calls, as each has its own connections; a new one when the CA or the client certificate has changed. */
  function dispatcherFor(options: RequestOptions): Dispatcher {
    const id = fingerprint(options)
    if (shared?.id === id) return shared.dispatcher
    const old = shared?.dispatcher
    shared = { id, dispatcher: createDispatcher(credentials, options) }
    // Watches on the old one may go on until they end by themselves; new calls no longer use it.
    old?.close().catch(() => {})
    return shared.dispatcher
  }

  async function json(call: Call): Promise<unknown> {
    const response = await send(call)
    return response.body.json()
  }

  return {
    namespace: credentials.getContextObject(credentials.getCurrentContext())?.namespace,
    get: (path, query, signal) => json({ method: 'GET', path, query, signal }),
    watch: async (path, query, signal) => (await send({ method: 'GET', path, query, signal, endless: true })).body,
    create: (path, body, signal) => json({ method: 'POST', path, body, signal }),
    replace: (path, body, signal) => json({ method: 'PUT', path, body, signal }),
    patch: (path, body, signal) =>
      json({ method: 'PATCH', path, body, signal, contentType: 'application/merge-patch+json' }),
    close: async () => {
      await shared?.dispatcher.destroy()
    },
  }
}

// While the file is being rewritten it may not parse; the old credentials are no worse then.
function reloadConfig(kubeconfig: string | undefined, old: KubeConfig): KubeConfig {
  try {
    return loadKubeconfig(kubeconfig)
  } catch {
    return old
  }
}

function urlOf(server: string, { path, query = {} }: Call): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, value)
  const text = parameters.toString()
  return `${server.replace(/\/+$/, '')}${path}${text === '' ? '' : `?${text}`}`
}

function headersOf({ headers, auth }: RequestOptions, call: Call): Record<string, string> {
  const result: Record<string, string> = { accept: 'application/json', 'user-agent': 'headgate' }
  if (call.body !== undefined) result['content-type'] = call.contentType ?? 'application/json'
  if (auth) result['authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`
  // A token file often ends in a line break, which no header may hold.
  for (const [name, value] of Object.entries(headers ?? {})) result[name.toLowerCase()] = String(value).trim()
  return result
}

function fingerprint({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): string {
  const hash = createHash('sha256')
  for (const part of [ca, cert, key]) hash.update(`${part === undefined ? '-' : String(part)}\0`)
  return hash.update(`${servername} ${rejectUnauthorized}`).digest('hex')
}

function createDispatcher(config: KubeConfig, options: RequestOptions): Dispatcher {
  const { ca, cert, key, servername, rejectUnauthorized } = options
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  }
  const made = config.createDispatcherOptions(config.getCurrentCluster(), tls)
  switch (made.type) {
    case 'agent':
      // HTTP/2 would carry all watches over one connection, and one lost packet would stall them all.
      return new Agent({ allowH2: false, connect: { ...tls, ...connecting } })
    case 'none':
      return new Agent({ allowH2: false, connect: connecting })
    case 'proxy':
      return new ProxyAgent({ allowH2: false, uri: made.uri, requestTls: tls })
    case 'socks':
      throw new Error('a kubeconfig with a SOCKS proxy is not supported')
    default:
      return made satisfies never
  }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Proxies between us and the API server answer in HTML.
    return undefined
  }
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
