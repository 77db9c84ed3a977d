// Sends requests one after another, each on a connection of its own, and writes what came back as JSON.
//   node ask.ts '[{"url":"https://198.51.100.11:30443/","host":"foo.bar.com","method":"GET"}]'
import { request as sendHttp } from 'node:http'
import { request as sendHttps } from 'node:https'
import { checkServerIdentity, TLSSocket } from 'node:tls'
import type { Asked, Heard } from '../support/ask.ts'

const timeoutMs = 10_000

function ask({ url, host, method, headers }: Asked): Promise<Heard> {
  const { promise, resolve, reject } = Promise.withResolvers<Heard>()
  const send = new URL(url).protocol === 'https:' ? sendHttps : sendHttp
  // Whether the name fits the certificate is part of the answer; a chain that nobody knows is no failure.
  const options = { method, agent: false, servername: host, rejectUnauthorized: false, timeout: timeoutMs }
  const request = send(url, { ...options, headers: { ...headers, host } }, async (response) => {
    const { socket, statusCode = 0, httpVersion } = response
    const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined
    try {
      const body = Buffer.concat(await response.toArray()).toString()
      resolve({
        status: statusCode,
        protocol: `HTTP/${httpVersion}`,
        headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
        body,
        ...(certificate === undefined
          ? {}
          : {
              certificateNames: certificate.subjectaltname ?? '',
              fitsHost: checkServerIdentity(host, certificate) === undefined,
            }),
      })
    } catch (error) {
      reject(error)
    }
  })
  request.once('timeout', () => request.destroy(new Error(`no answer to ${method} ${url} within ${timeoutMs} ms`)))
  request.once('error', reject)
  request.end()
  return promise
}

const asked: readonly Asked[] = JSON.parse(process.argv[2] ?? '[]')
const heard: Heard[] = []
for (const one of asked) heard.push(await ask(one))
process.stdout.write(JSON.stringify(heard))
