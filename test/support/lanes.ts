import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Headgate, type HeadgateOptions, startHeadgate } from './headgate.ts'
import { callHttp2, openHttp2 } from './http2-client.ts'
import { RawClient, type RawResponse } from './raw-client.ts'

/** A request in words that every protocol has. */
export type Call = {
  readonly host: string
  readonly method?: string
  readonly path?: string
  readonly fields?: readonly (readonly [string, string])[]
  readonly body?: string
}

export type CallAnswer = {
  readonly status: number
  readonly body: string
  /** All values of that name (lower case), in order. */
  readonly values: (name: string) => readonly string[]
}

/** One way by which requests reach a Headgate that was started with these flags. */
export type Lane = {
  readonly name: string
  readonly flags: readonly string[]
  readonly isTls: boolean
  call(headgate: Headgate, call: Call): Promise<CallAnswer>
}

export type Http1Lane = Lane & {
  open(headgate: Headgate): Promise<RawClient>
  /** One request on a connection of its own. */
  exchange(headgate: Headgate, bytes: string): Promise<RawResponse>
}

const fast = ['--fast-lane=true']
const standard = ['--fast-lane=false']
const undici = '--lean-upstream=false'

export const fastLane = newHttp1Lane('fast lane', fast, false)
export const fastLaneOverTls = newHttp1Lane('fast lane over TLS', fast, true)
export const standardLane = newHttp1Lane('standard lane', standard, false)
export const standardLaneOverTls = newHttp1Lane('standard lane over TLS', standard, true)
const standardLaneToUndici = newHttp1Lane('standard lane to undici', [...standard, undici], false)
export const http2Lane = newLane('HTTP/2', fast, true, callOverHttp2)
const http2LaneToUndici = newLane('HTTP/2 to undici', [...standard, undici], true, callOverHttp2)

export const plainLanes: readonly Http1Lane[] = [fastLane, standardLane]
export const tlsLanes: readonly Http1Lane[] = [fastLaneOverTls, standardLaneOverTls]
export const http1Lanes: readonly Http1Lane[] = [...plainLanes, ...tlsLanes]
/** For what the endpoint does, both upstream clients count as well. */
export const http1LanesToEndpoints: readonly Http1Lane[] = [...http1Lanes, standardLaneToUndici]
export const lanesToEndpoints: readonly Lane[] = [...http1LanesToEndpoints, http2Lane, http2LaneToUndici]
/** What an HTTP/2 client meets behind its lane. */
export const http2Lanes: readonly Lane[] = [http2Lane, http2LaneToUndici]

/** The Headgates of one test file: lanes that need the same flags share one. */
export class LaneBed {
  readonly #options: () => HeadgateOptions
  readonly #started = new Map<string, Promise<Headgate>>()

  constructor(options: () => HeadgateOptions) {
    this.#options = options
  }

  headgate(lane: Lane): Promise<Headgate> {
    const key = lane.flags.join(' ')
    const started = this.#started.get(key) ?? this.#start(lane)
    this.#started.set(key, started)
    return started
  }

  async close(): Promise<void> {
    for (const headgate of this.#started.values()) await (await headgate).stop()
  }

  #start(lane: Lane): Promise<Headgate> {
    const { flags = [], ...options } = this.#options()
    return startHeadgate({ ...options, flags: [...flags, ...lane.flags] })
  }
}

function newLane(name: string, flags: readonly string[], isTls: boolean, call: Lane['call']): Lane {
  return { name, flags, isTls, call }
}

function newHttp1Lane(name: string, flags: readonly string[], isTls: boolean): Http1Lane {
  const open = (headgate: Headgate): Promise<RawClient> =>
    isTls ? openTls(headgate.https) : RawClient.open(headgate.http)
  const exchange = async (headgate: Headgate, bytes: string): Promise<RawResponse> => {
    const client = await open(headgate)
    try {
      client.send(bytes)
      return await client.response(/^HEAD /.test(bytes))
    } finally {
      client.close()
    }
  }
  const call = async (headgate: Headgate, request: Call): Promise<CallAnswer> => {
    const { status, body, fields } = await exchange(headgate, toBytes(request))
    return {
      status,
      body,
      values: (name) => fields.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value),
    }
  }
  return { ...newLane(name, flags, isTls, call), open, exchange }
}

/** Believes every certificate. */
async function openTls(port: number): Promise<RawClient> {
  const tcp = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const socket = connectTls({ socket: tcp, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
  await once(socket, 'secureConnect')
  return new RawClient(socket, tcp)
}

function toBytes({ host, method = 'GET', path = '/', fields = [], body }: Call): string {
  const length: readonly (readonly [string, string])[] =
    body === undefined ? [] : [['Content-Length', `${body.length}`]]
  const lines = [['Host', host] as const, ...fields, ...length].map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`
}

async function callOverHttp2(headgate: Headgate, { host, method, path, fields = [], body }: Call): Promise<CallAnswer> {
  const session = await openHttp2(headgate.https, host)
  try {
    const pseudo = { ':authority': host, ':method': method ?? 'GET', ':path': path ?? '/' }
    const length = body === undefined ? {} : { 'content-length': body.length }
    const answer = await callHttp2(session, { ...pseudo, ...length, ...Object.fromEntries(fields) }, body)
    return {
      status: answer.status,
      body: answer.body,
      values: (name) => [answer.head[name] ?? []].flat(),
    }
  } finally {
    session.destroy()
  }
}
