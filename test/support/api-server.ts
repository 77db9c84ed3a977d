import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { Server as TlsServer } from 'node:tls'
import { type ApiObject, ApiStore, isSelected, mergePatch, type Selector, type StoreEvent } from './api-store.ts'

// A stand-in for the Kubernetes API server that speaks its protocol over real sockets: list in pages, watch with resume,
// bookmarks and field selectors, merge patch and optimistic locking. And it can fail in the ways the real one does.

export type ApiRequest = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly body: unknown
}

type Target = {
  readonly plural: string
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string | undefined
}

type OpenWatch = { readonly selector: Selector; readonly response: ServerResponse; send(line: string): void }

type Answer = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> }

const plurals: Readonly<Record<string, string>> = {
  Ingress: 'ingresses',
  IngressClass: 'ingressclasses',
  Service: 'services',
  EndpointSlice: 'endpointslices',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  Namespace: 'namespaces',
  Lease: 'leases',
  Event: 'events',
}

export type ApiServerOptions = {
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Milliseconds between bookmarks of a watch; default: none. */
  readonly bookmarkMs?: number
}

export class ApiServer {
  readonly store = new ApiStore()
  readonly requests: ApiRequest[] = []
  /** The answer, by plural, to every request for that resource, by `METHOD plural` to those of one method, or by path. */
  readonly failing = new Map<string, { readonly status: number; readonly retryAfter?: number }>()
  /** Called before a request is answered. */
  onRequest: (request: ApiRequest) => void = () => {}
  /** Version of the last bookmark sent. */
  bookmarked = 0
  /** Bearer tokens that are good. undefined: everybody may. */
  tokens: ReadonlySet<string> | undefined
  /** Accept watches and then say nothing. */
  silent = false
  /** Take requests and never answer. `resetConnections` sets their clients free. */
  hanging = false
  /** Send each byte of an event by itself. */
  splitsBytes = false
  readonly #options: ApiServerOptions
  readonly #server
  readonly #sockets = new Set<Socket>()
  readonly #watches = new Set<OpenWatch>()
  readonly #pages = new Map<string, { readonly items: readonly ApiObject[]; readonly version: number }>()
  #port = 0

  constructor(options: ApiServerOptions = {}) {
    this.#options = options
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response)
    }
    this.#server = options.tls ? createTlsServer(options.tls, handle) : createServer(handle)
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.store.onEvent = (event) => {
      for (const watch of this.#watches) sendEvent(watch, event)
    }
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
    return this
  }

  /** From now on connections are refused; those that are open are reset. `listen` takes them again at the same port. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.resetConnections()
    await closed
  }

  resetConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
    this.#watches.clear()
  }

  /** Another certificate for connections from now on; only where there is one already. */
  showCertificate(tls: { readonly key: string; readonly cert: string }): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(tls)
  }

  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.#port}`
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  get openWatches(): number {
    return this.#watches.size
  }

  put(object: object): ApiObject {
    const whole = object as ApiObject
    return this.store.put(plurals[whole.kind ?? ''] ?? '', whole)
  }

  get(kind: string, namespace: string | undefined, name: string): ApiObject | undefined {
    return this.store.get(plurals[kind] ?? '', namespace, name)
  }

  delete(kind: string, namespace: string | undefined, name: string): void {
    this.store.delete(plurals[kind] ?? '', namespace, name)
  }

  /** History and the rest of lists that were begun are gone: who comes for them gets 410. */
  compact(): void {
    this.store.compact()
    this.#pages.clear()
  }

  resetWatches(): void {
    for (const { response } of this.#watches) response.socket?.resetAndDestroy()
    this.#watches.clear()
  }

  endWatches(): void {
    for (const { response } of this.#watches) response.end()
    this.#watches.clear()
  }

  /** Ends each watch with an ERROR event. */
  expireWatches(code = 410): void {
    for (const { response } of this.#watches) {
      const object = { kind: 'Status', code, reason: 'Expired', message: 'too old resource version' }
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`)
    }
    this.#watches.clear()
  }

  /** Puts these bytes into each open watch. */
  sendRaw(text: string): void {
    for (const { response } of this.#watches) response.write(text)
  }

  /** http needs the switch that turns TLS verification off: the client library refuses it otherwise. */
  async writeKubeconfig(file: string, user: object = {}, cluster: object = {}): Promise<string> {
    const insecure = this.#options.tls ? {} : { 'insecure-skip-tls-verify': true }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'headgate' } }],
      clusters: [{ name: 'test', cluster: { server: this.url, ...insecure, ...cluster } }],
      users: [{ name: 'test', user }],
    }
    await writeFile(file, JSON.stringify(config))
    return file
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api')
    const text = await readText(request).catch(() => '')
    const { authorization } = request.headers
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    const logged = { method: request.method ?? '', path: url.pathname, query: url.searchParams, authorization, body }
    this.requests.push(logged)
    this.onRequest(logged)
    if (this.hanging) return
    const target = parseTarget(url.pathname)
    const answer = this.#refusal(logged, target)
    if (answer === undefined && url.searchParams.get('watch') === 'true') return this.#watch(logged, target, response)
    const { status, body: out, headers } = answer ?? this.#answer(logged, target)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(out))
  }

  #refusal({ method, path, authorization }: ApiRequest, { plural }: Target): Answer | undefined {
    if (this.tokens && !this.tokens.has(authorization?.replace('Bearer ', '') ?? '')) return fail(401, 'Unauthorized')
    const fault = this.failing.get(path) ?? this.failing.get(`${method} ${plural}`) ?? this.failing.get(plural)
    if (fault === undefined) return undefined
    const wait = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) }
    return { ...fail(fault.status, 'Injected'), headers: wait }
  }

  #answer(request: ApiRequest, target: Target): Answer {
    const { plural, namespace, name } = target
    if (name === undefined)
      return request.method === 'GET' ? this.#list(request, target) : this.#create(request, target)
    const old = this.store.get(plural, namespace, name)
    if (old === undefined) return fail(404, 'NotFound')
    switch (request.method) {
      case 'GET':
        return { status: 200, body: old }
      case 'PUT':
        return this.#store(old, request.body as ApiObject, target)
      case 'PATCH':
        return this.#store(old, mergePatch(old, request.body) as ApiObject, target)
      default:
        return fail(405, 'MethodNotAllowed')
    }
  }

  /** The main resource leaves the status as it is, and `/status` everything else. */
  #store(old: ApiObject, object: ApiObject, { plural, subresource }: Target): Answer {
    const { resourceVersion } = object.metadata
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) return fail(409, 'Conflict')
    const { status: _, ...rest } = object
    const kept = 'status' in old ? { status: old['status'] } : {}
    const next = subresource === 'status' ? { ...old, status: object['status'] } : { ...rest, ...kept }
    return { status: 200, body: this.store.put(plural, next as ApiObject) }
  }

  #create({ body }: ApiRequest, { plural, namespace }: Target): Answer {
    const { metadata, ...rest } = body as ApiObject
    if (this.store.get(plural, namespace, metadata.name) !== undefined) return fail(409, 'AlreadyExists')
    return {
      status: 201,
      body: this.store.put(plural, { ...rest, metadata: { ...metadata, ...(namespace && { namespace }) } }),
    }
  }

  #list({ query }: ApiRequest, target: Target): Answer {
    const token = query.get('continue')
    const page = token === null ? this.#snapshot(query, target) : this.#pages.get(token)
    if (page === undefined) return fail(410, 'Expired')
    const limit = Number(query.get('limit') ?? 0) || page.items.length
    const rest = page.items.slice(limit)
    const next = rest.length === 0 ? undefined : `page-${this.#pages.size}`
    if (next !== undefined) this.#pages.set(next, { items: rest, version: page.version })
    const metadata = { resourceVersion: String(page.version), ...(next !== undefined && { continue: next }) }
    // As the real one: items of a list carry no kind and no apiVersion.
    const items = page.items.slice(0, limit).map(({ kind: _, apiVersion: __, ...item }) => item)
    return { status: 200, body: { kind: 'List', apiVersion: 'v1', metadata, items } }
  }

  #snapshot(query: URLSearchParams, target: Target) {
    return { items: this.store.list(selectorOf(query, target)), version: this.store.version }
  }

  #watch({ query }: ApiRequest, target: Target, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion') ?? 0)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    const send = (line: string) => {
      if (this.silent) return
      if (!this.splitsBytes) response.write(line)
      else for (const byte of Buffer.from(line)) response.write(Buffer.of(byte))
    }
    const watch: OpenWatch = { selector: selectorOf(query, target), response, send }
    this.#watches.add(watch)
    if (from < this.store.oldest) return this.#expire(watch)
    for (const event of this.store.history) if (event.version > from) sendEvent(watch, event)
    const timers = [
      setTimeout(() => response.end(), Number(query.get('timeoutSeconds') ?? 300) * 1000),
      ...(this.#options.bookmarkMs ? [setInterval(() => this.#bookmark(watch), this.#options.bookmarkMs)] : []),
    ]
    response.on('close', () => {
      for (const timer of timers) clearTimeout(timer)
      this.#watches.delete(watch)
    })
  }

  #expire(watch: OpenWatch): void {
    const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }
    watch.response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`)
    this.#watches.delete(watch)
  }

  #bookmark({ send }: OpenWatch): void {
    this.bookmarked = this.store.version
    const object = { metadata: { resourceVersion: String(this.store.version) } }
    send(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`)
  }
}

function sendEvent({ selector, send }: OpenWatch, { type, plural, object }: StoreEvent): void {
  if (selector.plural === plural && isSelected(object, selector)) send(`${JSON.stringify({ type, object })}\n`)
}

function parseTarget(path: string): Target {
  const parts = path.split('/').slice(1).map(decodeURIComponent)
  const [first, second, ...more] = parts.slice(parts[0] === 'api' ? 2 : 3)
  if (first === 'namespaces' && more.length > 0) {
    const [plural = '', name, subresource] = more
    return { plural, namespace: second, name, subresource }
  }
  return { plural: first ?? '', namespace: undefined, name: second, subresource: more[0] }
}

function selectorOf(query: URLSearchParams, { plural, namespace }: Target): Selector {
  return { plural, namespace, fieldSelector: query.get('fieldSelector'), labelSelector: query.get('labelSelector') }
}

function fail(status: number, reason: string): Answer {
  return { status, body: { kind: 'Status', status: 'Failure', code: status, reason, message: `test says ${reason}` } }
}
