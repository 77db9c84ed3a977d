/**
 * What a request says of the client behind its peer. Nothing but these four fields is read, in this spelling; the others by which a
 * client might be named go nowhere (see headers.ts).
 */
export class ClientClaims {
  /** All fields of that name, in their order (RFC 9110 section 5.3). */
  forwardedFor = ''
  /** These three are no lists: of two fields of a name neither counts, and the value is empty. */
  proto: string | undefined
  host: string | undefined
  port: string | undefined

  add(lowerName: string, value: string): void {
    switch (lowerName) {
      case 'x-forwarded-for':
        this.forwardedFor = this.forwardedFor === '' ? value : `${this.forwardedFor},${value}`
        return
      case 'x-forwarded-proto':
        this.proto = this.proto === undefined ? value : ''
        return
      case 'x-forwarded-host':
        this.host = this.host === undefined ? value : ''
        return
      case 'x-forwarded-port':
        this.port = this.port === undefined ? value : ''
    }
  }
}

/** Of a flat list of fields. */
export function claimsOfList(headers: readonly string[]): ClientClaims {
  const claims = new ClientClaims()
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (mayBeClaim(name.length)) claims.add(name.toLowerCase(), headers[i + 1] ?? '')
  }
  return claims
}

/** Of the lines of a plain head: one space between colon and value. */
export function claimsOfLines(lines: string): ClientClaims {
  const claims = new ClientClaims()
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at)
    const end = lines.indexOf('\r\n', colon)
    if (mayBeClaim(colon - at)) claims.add(lines.slice(at, colon).toLowerCase(), lines.slice(colon + 2, end))
    at = end + 2
  }
  return claims
}

function mayBeClaim(length: number): boolean {
  return length >= 15 && length <= 17
}
