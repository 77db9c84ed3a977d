import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../support/wait-for.ts'
import { type Browser, type Page, startBrowser } from './support/browser.ts'
import { host } from './support/front.ts'
import { pattern, sha256 } from './support/pattern.ts'
import { isSkipped } from './support/programs.ts'
import { useFront } from './support/use-front.ts'

type Resource = { readonly path: string; readonly protocol: string }

const html = readFileSync(join(import.meta.dirname, 'support/page.html'))

const image = (number: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="hsl(${number * 7} 70% 50%)"/></svg>`

// A picture of the page, to look at.
const screenshotFile = process.env['HEADGATE_SCREENSHOT']

describe.skipIf(isSkipped('chromium'))('Chromium', () => {
  const { front, endpoint } = useFront({
    program: 'chromium',
    pages: {
      page: (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html),
      image(_request, response, name) {
        response.writeHead(200, { 'content-type': 'image/svg+xml', 'cache-control': 'no-store' })
        response.end(image(Number.parseInt(name, 10)))
      },
    },
  })
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await startBrowser(host)
    page = await browser.open(`https://${host}:${front().headgate.https}/page`)
  })

  afterAll(() => browser?.close())

  it('loads a page with 200 images and uploads 20 MB, all over HTTP/2', async () => {
    const { loaded, uploaded, resources }: { loaded: number; uploaded: unknown; resources: readonly Resource[] } =
      Object(await page.evaluate('window.finished'))
    if (screenshotFile !== undefined) await writeFile(screenshotFile, await page.screenshot())
    expect(loaded).toBe(200)
    expect(uploaded).toEqual({ bytes: 20_000_000, sha256: sha256(pattern(20_000_000)) })
    const wanted = ['/page', '/sum', ...Array.from({ length: 200 }, (_, number) => `/image/${number}.svg`)]
    expect(resources.map(({ path }) => path).sort()).toEqual(wanted.sort())
    expect(resources.filter(({ protocol }) => protocol !== 'h2')).toEqual([])
  })
  it('sends cookies one by one, and the endpoint gets one field', async () => {
    const cookies = ['a=1', 'b=2', 'c=3']
    const setAll = cookies.map((cookie) => `document.cookie = '${cookie}; path=/'`).join(';')
    const fields = await page.evaluate(`${setAll}; fetch('/fields/cookie').then((answer) => answer.json())`)
    expect(fields).toEqual([cookies.join('; ')])
  })

  it('leaves in the middle of an answer, of which the endpoint hears', async () => {
    const before = endpoint().left
    const outcome = await page.evaluate(`(async () => {
      const leaving = new AbortController()
      const answer = await fetch('/endless', { signal: leaving.signal })
      const reader = answer.body.getReader()
      const { value } = await reader.read()
      leaving.abort()
      const left = await reader.read().catch((error) => error.name)
      return [new TextDecoder().decode(value), left]
    })()`)
    expect(outcome).toEqual(['the first piece', 'AbortError'])
    await waitFor(() => endpoint().left === before + 1)
  })

  it('talks over a WebSocket', async () => {
    const echoed = await page.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket(new URL('/socket', location.href))
      const received = []
      socket.onopen = () => socket.send('message 0')
      socket.onerror = () => reject(new Error('no WebSocket'))
      socket.onmessage = ({ data }) => {
        if (received.push(data) === 20) socket.close(4000, 'enough')
        else socket.send('message ' + received.length)
      }
      socket.onclose = ({ code, reason }) => resolve({ received, code, reason })
    })`)
    const received = Array.from({ length: 20 }, (_, number) => `message ${number}`)
    expect(echoed).toEqual({ received, code: 4000, reason: 'enough' })
  })
})
