/** Bytes (latin1) as a client sends them on a connection of its own. Their host is the one of `host`. */
export type Case = readonly [name: string, bytes: string]

export const host = 'app.example.com'
export const hostField = `Host: ${host}\r\n`

/** A GET with these further fields; each ends in CRLF. */
export function get(fields = '', target = '/'): string {
  return `GET ${target} HTTP/1.1\r\n${hostField}${fields}\r\n`
}

export function post(fields: string, body: string): string {
  return `POST /form HTTP/1.1\r\n${hostField}${fields}\r\n${body}`
}
