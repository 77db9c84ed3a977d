import { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** The response that a connection of Node's HTTP/1.1 server is working on. Node keeps it with the socket, and says it nowhere else. */
export function answeringOn(socket: Duplex): ServerResponse | undefined {
  const response: unknown = Reflect.get(socket, '_httpMessage')
  return response instanceof ServerResponse ? response : undefined
}
