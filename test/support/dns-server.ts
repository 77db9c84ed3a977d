import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

type Zone = { readonly addresses: readonly string[]; readonly ttl: number }

/** Response codes of RFC 1035 §4.1.1. */
const rcodes = { noError: 0, serverFailure: 2, nameError: 3 } as const

/** A DNS server over UDP that knows A and AAAA records. */
export class DnsServer {
  readonly zones = new Map<string, Zone>()
  /** Names that are answered with SERVFAIL. */
  readonly failing = new Set<string>()
  /** Names asked for, one for each question. */
  readonly questions: string[] = []
  readonly #socket = createSocket('udp4')

  async listen(): Promise<this> {
    this.#socket.on('message', (message, { port, address }) => {
      this.#socket.send(this.#answer(message), port, address)
    })
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve))
    return this
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }

  #answer(message: Buffer): Buffer {
    const { name, end } = readName(message)
    const isAaaa = message.readUInt16BE(end) === 28
    const question = message.subarray(12, end + 4)
    this.questions.push(name)
    const zone = this.zones.get(name)
    const records = (zone?.addresses ?? []).filter((address) => isIPv6(address) === isAaaa)
    const known = zone === undefined ? rcodes.nameError : rcodes.noError
    const rcode = this.failing.has(name) ? rcodes.serverFailure : known
    const answers = rcode === rcodes.noError ? records.map((address) => encodeRecord(address, zone?.ttl ?? 0)) : []
    const head = Buffer.alloc(12)
    head.writeUInt16BE(message.readUInt16BE(0), 0)
    head.writeUInt16BE(0x8180 | rcode, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(answers.length, 6)
    return Buffer.concat([head, question, ...answers])
  }
}

function readName(message: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = 12
  while ((message[at] ?? 0) !== 0) {
    const length = message[at] ?? 0
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

function encodeRecord(address: string, ttl: number): Buffer {
  const data = isIPv6(address) ? encodeIPv6(address) : Buffer.from(address.split('.').map(Number))
  const head = Buffer.alloc(12)
  // The name is that of the question, at offset 12.
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(isIPv6(address) ? 28 : 1, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(ttl, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function encodeIPv6(address: string): Buffer {
  const [left = '', right = ''] = address.split('::')
  const before = left.split(':').filter((group) => group !== '')
  const after = right.split(':').filter((group) => group !== '')
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  const data = Buffer.alloc(16)
  for (const [index, group] of groups.entries()) data.writeUInt16BE(Number.parseInt(group, 16), index * 2)
  return data
}
