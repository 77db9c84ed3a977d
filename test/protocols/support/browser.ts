import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DevTools } from './dev-tools.ts'

export type Browser = {
  /** The page, when it has loaded. */
  open(url: string): Promise<Page>
  close(): Promise<void>
}

export type Page = {
  /** What an expression is worth, as JSON carries it; a promise is waited for. */
  evaluate(expression: string): Promise<unknown>
  /** A PNG of its upper part. */
  screenshot(): Promise<Buffer>
}

/** Chromium without a window, for which `host` is this machine and no other name is anything. It believes every certificate. */
export async function startBrowser(host: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'headgate-chromium-'))
  const child = spawn(
    'chromium',
    [
      '--headless',
      '--disable-gpu',
      '--window-size=800,1000',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      // It does not run as root otherwise. Nothing that is not ours is opened.
      '--no-sandbox',
      // /dev/shm is small in containers.
      '--disable-dev-shm-usage',
      '--ignore-certificate-errors',
      `--host-resolver-rules=MAP ${host} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exited = once(child, 'exit')
  const close = async (): Promise<void> => {
    child.kill()
    await exited
    await rm(profile, { recursive: true, force: true, maxRetries: 10 })
  }
  try {
    const tools = await DevTools.connect(await debuggerOf(child))
    return { open: (url) => openPage(tools, url), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** It says on standard error where its debugger listens. */
function debuggerOf(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk
    const [, url] = /^DevTools listening on (\S+)$/m.exec(said) ?? []
    if (url !== undefined) resolve(url)
  })
  child.once('error', reject)
  child.once('exit', (code) => reject(new Error(`chromium ended with ${code}: ${said.slice(-2000)}`)))
  return promise
}

async function openPage(tools: DevTools, url: string): Promise<Page> {
  const { targetId } = await tools.send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await tools.send('Target.attachToTarget', { targetId, flatten: true })
  const session = String(sessionId)
  const send = (method: string, params: object = {}) => tools.send(method, params, session)
  await send('Page.enable')
  const loaded = tools.event('Page.loadEventFired', session)
  const { errorText } = await send('Page.navigate', { url })
  if (errorText !== undefined) throw new Error(`${url}: ${errorText}`)
  await loaded
  return {
    async evaluate(expression) {
      const options = { expression, awaitPromise: true, returnByValue: true }
      const { result, exceptionDetails } = await send('Runtime.evaluate', options)
      if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
      return Object(result).value
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png' })
      return Buffer.from(String(data), 'base64')
    },
  }
}
