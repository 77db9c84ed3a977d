import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, startBrowser } from './support/browser.ts'
import { type Endpoint, startEndpoint } from './support/endpoint.ts'
import { type Front, host, startFront } from './support/front.ts'
import { pattern, sha256 } from './support/pattern.ts'
import { isSkipped, requireProgram } from './support/programs.ts'

type Resource = { readonly path: string; readonly protocol: string }

const image = (number: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="hsl(${number * 7} 70% 50%)"/></svg>`

// A picture of the page, to look at.
const screenshotFile = process.env['HEADGATE_SCREENSHOT']

describe.skipIf(isSkipped('chromium'))('Chromium', () => {
  let endpoint: Endpoint
  let front: Front
  let browser: Browser

  beforeAll(async () => {
    requireProgram('chromium')
    const page = await readFile(join(import.meta.dirname, 'support/page.html'))
    endpoint = await startEndpoint({
      page: (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page),
      image(_request, response, name) {
        response.writeHead(200, { 'content-type': 'image/svg+xml', 'cache-control': 'no-store' })
        response.end(image(Number.parseInt(name, 10)))
      },
    })
    front = await startFront(endpoint.port)
    browser = await startBrowser(host)
  })

  afterAll(async () => {
    await browser?.close()
    await front?.close()
    endpoint?.close()
  })

  it('loads a page with 200 images and uploads 20 MB, all over HTTP/2', async () => {
    const page = await browser.open(`https://${host}:${front.headgate.https}/page`)
    const { loaded, uploaded, resources }: { loaded: number; uploaded: unknown; resources: readonly Resource[] } =
      Object(await page.evaluate('window.finished'))
    if (screenshotFile !== undefined) await writeFile(screenshotFile, await page.screenshot())
    expect(loaded).toBe(200)
    expect(uploaded).toEqual({ bytes: 20_000_000, sha256: sha256(pattern(20_000_000)) })
    const wanted = ['/page', '/sum', ...Array.from({ length: 200 }, (_, number) => `/image/${number}.svg`)]
    expect(resources.map(({ path }) => path).sort()).toEqual(wanted.sort())
    expect(resources.filter(({ protocol }) => protocol !== 'h2')).toEqual([])
  })
})
