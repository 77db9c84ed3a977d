import createRouter from 'find-my-way'

/** What the pages show. The admin listener knows nothing of where it comes from. */
export type Pages = {
  readonly readiness: () => { readonly ready: boolean; readonly reason: string }
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  readonly routes: (format: 'text' | 'json') => string | Promise<string>
}

export type Reply = {
  readonly status: number
  readonly body: string
  /** Default: plain text. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What a page is asked with. */
type Asked = { readonly accept: string; readonly query: Readonly<Record<string, string>> }
type Page = { readonly about: string; readonly reply: (asked: Asked) => Reply | Promise<Reply> }

/** Gives the reply to a request; rejects if the page throws. */
export function createAdminRouter(
  pages: Pages,
): (method: string, url: string, accept: string | undefined) => Promise<Reply> {
  const all = pagesByPath(pages)
  const router = createRouter()
  for (const [path, page] of all) router.on('GET', path, notCalled, page)
  return async (method, url, accept = '') => {
    const found = router.find('GET', url)
    if (found === null) return { status: 404, body: 'no such page; / lists what there is\n' }
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, body: 'this page can only be read\n', headers: { Allow: 'GET, HEAD' } }
    }
    const page: Page = found.store
    return page.reply({ accept, query: found.searchParams })
  }
}

// `lookup` would call it with the response. `find` is enough, and leaves writing to one place.
function notCalled(): void {}

function pagesByPath(pages: Pages): ReadonlyMap<string, Page> {
  const all = new Map<string, Page>([
    ['/healthz', { about: 'is the process alive', reply: () => ({ status: 200, body: 'ok\n' }) }],
    ['/readyz', { about: 'may it have traffic, and why not', reply: () => readyReply(pages) }],
    ['/metrics', { about: 'for Prometheus', reply: () => metricsReply(pages) }],
    [
      '/routes',
      { about: 'the routing table with its problems; ?format=json', reply: (asked) => routesReply(pages, asked) },
    ],
  ])
  const index = [...all].map(([path, { about }]) => `${path.padEnd(10)} ${about}\n`).join('')
  return all.set('/', { about: 'this list', reply: () => ({ status: 200, body: `Headgate\n\n${index}` }) })
}

function readyReply({ readiness }: Pages): Reply {
  const { ready, reason } = readiness()
  return { status: ready ? 200 : 503, body: `${ready ? 'ready' : 'not ready'}: ${reason}\n` }
}

async function metricsReply({ metrics }: Pages): Promise<Reply> {
  return { status: 200, body: await metrics.text(), contentType: metrics.contentType }
}

async function routesReply({ routes }: Pages, { accept, query }: Asked): Promise<Reply> {
  const format = query['format'] ?? (accept.includes('application/json') ? 'json' : 'text')
  switch (format) {
    case 'json':
      return { status: 200, body: await routes('json'), contentType: 'application/json' }
    case 'text':
      return { status: 200, body: await routes('text') }
    default:
      return { status: 400, body: 'format is text or json\n' }
  }
}
