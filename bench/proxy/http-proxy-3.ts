import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'

// The usual Node proxy, set up as well as it can be: keep-alive towards the endpoints, which is not its default.
const [port = 0, ...backends] = process.argv.slice(2).map(Number)
const proxy = createProxyServer({ agent: new Agent({ keepAlive: true, maxSockets: 1024 }), xfwd: true })
proxy.on('error', (_error, _request, response) => response.destroy())
let turn = 0

createServer((request, response) => {
  proxy.web(request, response, { target: `http://127.0.0.1:${backends[turn++ % backends.length]}` })
}).listen(port, '127.0.0.1', 4096)
