import { isIP } from 'node:net'
import { parseLabelSelector } from '../router/label-selector.ts'

/** What a text of the command line or the environment means, or what it should have been: "a number from 0 to 65535". */
export type Parsed<T> = { readonly value: T } | { readonly expected: string }

export type Parser<T> = (text: string) => Parsed<T>

export type ServiceRef = { readonly namespace: string; readonly name: string; readonly port: string | undefined }

/** Which addresses of a node are written into status: https://kubernetes.io/docs/reference/node/node-status/#addresses */
export const publishedNodeAddresses = ['off', 'external', 'internal'] as const

export type PublishedNodeAddresses = (typeof publishedNodeAddresses)[number]

// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

export function parseBoolean(text: string): Parsed<boolean> {
  if (text === 'true' || text === '1' || text === 'on') return { value: true }
  if (text === 'false' || text === '0' || text === 'off') return { value: false }
  return { expected: 'true or false' }
}

export function parsePath(text: string): Parsed<string> {
  return text === '' ? { expected: 'a path' } : { value: text }
}

/** undefined: off. 0: any free one. */
export function parsePort(text: string): Parsed<number | undefined> {
  if (text === 'off') return { value: undefined }
  const port = wholeNumber(text)
  return port === undefined || port > 65_535 ? { expected: 'a port from 0 to 65535, or off' } : { value: port }
}

export function parseCount(most: number, unit: string, least = 0): Parser<number> {
  return (text) => {
    const count = wholeNumber(text)
    return count === undefined || count > most || count < least
      ? { expected: `a whole number of ${unit} from ${least} to ${most}` }
      : { value: count }
  }
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** Brackets around an IPv6 address are taken off. */
export function parseBindAddress(text: string): Parsed<string> {
  const address = text.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) === 0 ? { expected: 'an IPv4 or IPv6 address of this machine' } : { value: address }
}

export function parsePublishedAddress(text: string): Parsed<string> {
  return isIP(text) === 0 && !subdomain.test(text) ? { expected: 'an IP address or a host name' } : { value: text }
}

export function parseNamespace(text: string): Parsed<string> {
  return label.test(text) ? { value: text } : { expected: 'the name of a namespace' }
}

export function parseObjectName(text: string): Parsed<string> {
  return subdomain.test(text) ? { value: text } : { expected: 'the name of a Kubernetes object' }
}

/** `namespace/name` */
export function parseObjectKey(text: string): Parsed<string> {
  const [namespace = '', name = '', ...more] = text.split('/')
  return label.test(namespace) && subdomain.test(name) && more.length === 0
    ? { value: text }
    : { expected: 'NAMESPACE/NAME' }
}

/** `namespace/name` or `namespace/name:port`, the port by number or name. */
export function parseServiceRef(text: string): Parsed<ServiceRef> {
  const [key = '', port, ...more] = text.split(':')
  const [namespace = '', name = ''] = key.split('/')
  const isKey = 'value' in parseObjectKey(key)
  const isPort = port === undefined || isPortName(port) || isPortNumber(port)
  return isKey && isPort && more.length === 0
    ? { value: { namespace, name, port } }
    : { expected: 'NAMESPACE/NAME or NAMESPACE/NAME:PORT' }
}

function isPortNumber(text: string): boolean {
  const port = wholeNumber(text)
  return port !== undefined && port >= 1 && port <= 65_535
}

// An IANA service name: at least one letter, no two hyphens in a row (RFC 6335 §5.1).
function isPortName(text: string): boolean {
  return /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(text)
}

/** The API server holds `spec.controller` of an IngressClass to this form: `domain/path`. */
export function parseControllerClass(text: string): Parsed<string> {
  const [domain = '', ...path] = text.split('/')
  return subdomain.test(domain) && path.length > 0 && path.every((part) => /^[\w.-]+$/.test(part))
    ? { value: text }
    : { expected: 'a controller name such as headgate.dev/ingress-controller' }
}

/** The form only; https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
export function parseSelector(text: string): Parsed<string> {
  return parseLabelSelector(text) === undefined
    ? { expected: 'a label selector such as team=shop,stage!=test' }
    : { value: text }
}

export function parseOneOf<const T extends string>(choices: readonly T[]): Parser<T> {
  return (text) => {
    const value = choices.find((choice) => choice === text)
    return value === undefined ? { expected: `one of ${choices.join(', ')}` } : { value }
  }
}
