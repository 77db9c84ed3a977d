import { isIPv6 } from 'node:net'

// RFC 1035 §2.3.4 allows 255 octets on the wire, which is 253 characters of text and a trailing dot.
const maxHostLength = 254

/**
 * The host of a Host header or `:authority`, in lower case, without port and without one trailing dot; `undefined` for
 * what is no `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2): the request is to be answered with 400.
 *
 * Stricter than RFC 3986 in two ways: sub-delims and percent escapes are refused in names, as no DNS name has them and
 * each reader of the header takes them differently; and empty labels are refused.
 */
export function parseHostHeader(value: string): string | undefined {
  if (value.charCodeAt(0) === 0x5b) return parseBracketed(value)
  let isLower = true
  let end = 0
  for (; end < value.length; end += 1) {
    const code = value.charCodeAt(end)
    if (code === 0x3a) break
    if (code >= 0x41 && code <= 0x5a) isLower = false
    else if (!isNameCode(code)) return undefined
    if (code === 0x2e && (end === 0 || value.charCodeAt(end - 1) === 0x2e)) return undefined
  }
  if (!isPort(value, end)) return undefined
  if (value.charCodeAt(end - 1) === 0x2e) end -= 1
  if (end === 0 || end >= maxHostLength) return undefined
  const host = end === value.length ? value : value.slice(0, end)
  return isLower ? host : host.toLowerCase()
}

function parseBracketed(value: string): string | undefined {
  const end = value.indexOf(']')
  const address = value.slice(1, end)
  // A zone (`%eth0`) has a meaning on one machine only (RFC 6874).
  if (end === -1 || address.includes('%') || !isIPv6(address) || !isPort(value, end + 1)) return undefined
  return value.slice(0, end + 1).toLowerCase()
}

/** Letters are looked at by the caller; the rest of RFC 3986 `unreserved`. */
function isNameCode(code: number): boolean {
  const isLetter = code >= 0x61 && code <= 0x7a
  const isDigit = code >= 0x30 && code <= 0x39
  return isLetter || isDigit || code === 0x2e || code === 0x2d || code === 0x5f || code === 0x7e
}

/** Nothing, or `:` and a port; RFC 3986 lets the digits be absent. */
function isPort(value: string, from: number): boolean {
  if (from === value.length) return true
  if (value.charCodeAt(from) !== 0x3a || value.length - from > 6) return false
  let port = 0
  for (let at = from + 1; at < value.length; at += 1) {
    const digit = value.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
  }
  return port <= 65_535
}

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const allDigits = /^[0-9]+$/

/** What the API server accepts as `host` of a rule: a DNS-1123 subdomain, its first label may be `*`; no address, no port. */
export function validRuleHost(host: string): boolean {
  if (host.length > 253) return false
  const labels = host.split('.')
  if (labels[0] === '*') labels.shift()
  if (labels.length === 0 || (labels.length === 4 && labels.every((text) => allDigits.test(text)))) return false
  return labels.every((text) => text.length <= 63 && label.test(text))
}
