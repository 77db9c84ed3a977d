import { Fields } from './fields.ts'
import { passesUpstream } from './headers.ts'
import { contentLengthOf } from './key-fields.ts'

/** The head of a request as node:http2 gives it, read in one pass; names are in lower case already (RFC 9113 section 8.2.1). */
export class Http2Head {
  method = ''
  target = ''
  authority = ''
  givenId = ''
  authorizations = 0
  expectsContinue = false
  /** The client's own fields that go on to an endpoint, as lines. */
  passing = ''
  /** Bytes of all names and values. */
  bytes = 0
  /** `:authority` and `host` name two hosts. */
  disagrees = false
  #host: string | undefined
  #requestIds = 0
  #lengths = 0
  #length = ''
  #cookie: string | undefined
  readonly #raw: readonly string[]

  constructor(raw: readonly string[]) {
    this.#raw = raw
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] ?? ''
      const value = raw[i + 1] ?? ''
      this.bytes += name.length + value.length
      if (name.charCodeAt(0) === colon) this.#readPseudo(name, value)
      else this.#read(name, value)
    }
    if (this.#cookie !== undefined) this.passing += `cookie: ${this.#cookie}\r\n`
    this.disagrees ||= this.#host !== undefined && this.authority !== '' && this.#host !== this.authority
    if (this.authority === '') this.authority = this.#host ?? ''
  }

  /** How many fields, pseudo-header fields among them. */
  get count(): number {
    return this.#raw.length / 2
  }

  /** Where the client says so once and in digits. */
  get contentLength(): number | undefined {
    return contentLengthOf({ lengths: this.#lengths, length: this.#length })
  }

  /** Without pseudo-header fields and `host`, which `:authority` says. Few routes ask for it. */
  get fields(): Fields {
    const raw = this.#raw
    const list: string[] = []
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] ?? ''
      if (name.charCodeAt(0) !== colon && name !== 'host' && name !== 'cookie') list.push(name, raw[i + 1] ?? '')
    }
    if (this.#cookie !== undefined) list.push('cookie', this.#cookie)
    return Fields.ofList(list)
  }

  #readPseudo(name: string, value: string): void {
    if (name === ':method') this.method = value
    else if (name === ':path') this.target = value
    else if (name === ':authority') this.authority = value
  }

  #read(name: string, value: string): void {
    switch (name) {
      case 'host':
        this.disagrees ||= this.#host !== undefined && this.#host !== value
        this.#host = value
        return
      case 'cookie':
        if (!passesUpstream(name, value)) return
        // Crumbs are one field again for HTTP/1.1 (RFC 9113 section 8.2.3).
        this.#cookie = this.#cookie === undefined ? value : `${this.#cookie}; ${value}`
        return
      case 'content-length':
        this.#lengths++
        this.#length = value
        return
      case 'expect':
        this.expectsContinue = value.toLowerCase() === '100-continue'
        return
      case 'x-request-id':
        this.givenId = ++this.#requestIds === 1 ? value : ''
        return
      case 'authorization':
        this.authorizations++
    }
    if (passesUpstream(name, value)) this.passing += `${name}: ${value}\r\n`
  }
}

const colon = 0x3a
