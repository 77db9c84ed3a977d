import { fieldKind, firstRegularKind, kindOf } from './field-kind.ts'
import type { FieldSink } from './hpack/decoder.ts'
import type { HeaderField } from './hpack/header-field.ts'

export type HeadLimits = { readonly headerListBytes: number; readonly headerFields: number }

/** The head of a request that is well formed (RFC 9113 section 8.3.1). */
export type RequestHead = {
  readonly method: string
  readonly scheme: string
  /** Empty where there is none. */
  readonly authority: string
  readonly path: string
  /** Of an extended CONNECT (RFC 8441); else undefined. */
  readonly protocol: string | undefined
  /** All but the pseudo-header fields, as they came. Cut short where `isTooLarge`. */
  readonly fields: readonly HeaderField[]
  /** The last `priority` field. */
  readonly priority: string | undefined
  readonly contentLength: number | undefined
  /** More fields or bytes than allowed. */
  readonly isTooLarge: boolean
}

const maxLengthDigits = 15
const slash = 0x2f

/** Reads one header list, field by field. One reader serves a connection: what it has read is taken from it in the end. */
export class HeadReader implements FieldSink {
  readonly #limits: HeadLimits
  #isMalformed = false
  #bytes = 0
  #count = 0
  #method: string | undefined
  #scheme: string | undefined
  #authority: string | undefined
  #path: string | undefined
  #protocol: string | undefined
  #fields: HeaderField[] = []
  #priority: string | undefined
  #contentLength: number | undefined
  #hasPseudo = false

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  start(): void {
    this.#isMalformed = false
    this.#bytes = 0
    this.#count = 0
    this.#method = undefined
    this.#scheme = undefined
    this.#authority = undefined
    this.#path = undefined
    this.#protocol = undefined
    this.#fields = []
    this.#priority = undefined
    this.#contentLength = undefined
    this.#hasPseudo = false
  }

  onField(field: HeaderField): void {
    this.#bytes += field.size
    const kind = kindOf(field)
    if (kind < firstRegularKind) return this.#onPseudo(kind, field.value)
    this.#count++
    if (this.#isTooLarge) return
    if (kind === fieldKind.contentLength) this.#onContentLength(field.value)
    else if (kind === fieldKind.priority) this.#priority = field.value
    this.#fields.push(field)
  }

  /** Undefined: malformed. `hasBody`: the header list did not end the stream. */
  request(hasBody: boolean): RequestHead | undefined {
    const method = this.#method
    const path = this.#path
    const scheme = this.#scheme
    if (this.#isMalformed || method === undefined || method === '') return undefined
    if (method === 'CONNECT' && this.#protocol === undefined) {
      // Section 8.5: a target, and neither scheme nor path.
      if (this.#authority === undefined || path !== undefined || scheme !== undefined) return undefined
    } else {
      if (scheme === undefined || path === undefined) return undefined
      // Section 8.3.1: in origin form, or the asterisk of OPTIONS.
      if (path.charCodeAt(0) !== slash && !(path === '*' && method === 'OPTIONS')) return undefined
      // RFC 8441 section 4.
      if (this.#protocol !== undefined && (method !== 'CONNECT' || this.#authority === undefined)) return undefined
    }
    // Section 8.1.1: the length must be the sum of all DATA.
    if (!hasBody && (this.#contentLength ?? 0) > 0) return undefined
    return {
      method,
      scheme: scheme ?? '',
      authority: this.#authority ?? '',
      path: path ?? '',
      protocol: this.#protocol,
      fields: this.#fields,
      priority: this.#priority,
      contentLength: this.#contentLength,
      isTooLarge: this.#isTooLarge,
    }
  }

  /** Undefined: malformed, by any pseudo-header field for one (section 8.1). Too many are cut short. */
  trailers(): readonly HeaderField[] | undefined {
    return this.#isMalformed || this.#hasPseudo ? undefined : this.#fields
  }

  get #isTooLarge(): boolean {
    return this.#bytes > this.#limits.headerListBytes || this.#count > this.#limits.headerFields
  }

  #onPseudo(kind: number, value: string): void {
    // Section 8.3: before all others, each once.
    if (this.#fields.length > 0) this.#isMalformed = true
    this.#hasPseudo = true
    switch (kind) {
      case fieldKind.method:
        if (this.#method !== undefined) this.#isMalformed = true
        this.#method = value
        return
      case fieldKind.scheme:
        if (this.#scheme !== undefined) this.#isMalformed = true
        this.#scheme = value
        return
      case fieldKind.authority:
        // What `Host` is in HTTP/1.1, where it counts.
        this.#count++
        if (this.#authority !== undefined) this.#isMalformed = true
        this.#authority = value
        return
      case fieldKind.path:
        if (this.#path !== undefined) this.#isMalformed = true
        this.#path = value
        return
      case fieldKind.protocol:
        if (this.#protocol !== undefined) this.#isMalformed = true
        this.#protocol = value
        return
      default:
        // `:status`, one that is not known, or a field that is malformed by itself.
        this.#isMalformed = true
    }
  }

  #onContentLength(value: string): void {
    const isCount = value.length > 0 && value.length <= maxLengthDigits && /^\d+$/.test(value)
    if (!isCount || this.#contentLength !== undefined) this.#isMalformed = true
    this.#contentLength = Number(value)
  }
}
