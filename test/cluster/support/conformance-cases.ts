import type { Fields } from '../../manifests/object.ts'

// The cases of https://github.com/kubernetes-sigs/ingress-controller-conformance (tags @conformance @release-1.19), feature by
// feature, with its hosts, paths and names of Services.

export type Case = {
  /** As it stands in the report. */
  readonly name: string
  readonly scheme: 'http' | 'https'
  readonly method: string
  /** The empty one is the address itself. */
  readonly host: string
  readonly path: string
  /** Undefined: 404, whoever says so. */
  readonly service: string | undefined
}

export type Feature = {
  readonly name: string
  /** Spec of the Ingress, without its class. */
  readonly ingress: Fields
  readonly cases: readonly Case[]
}

/** Every Service leads to the same pods, by a port of its own: that is how an answer tells which Service it came by. */
export const servicePorts: Readonly<Record<string, number>> = {
  'echo-service': 8080,
  'foo-bar-com': 8081,
  'wildcard-foo-com': 8082,
  'foo-exact': 8083,
  'foo-prefix': 8084,
  'aaa-slash-bbb-prefix': 8085,
  'aaa-prefix': 8086,
  'aaa-slash-bbb-slash-prefix': 8087,
  'foo-slash-exact': 8088,
}

/** Of every Service. */
export const servicePort = { name: 'http', port: 8080 }

export const defaultBackend: Feature = {
  name: 'default backend',
  ingress: { defaultBackend: backend('echo-service') },
  cases: [
    answered('GET', 'my-host', '/'),
    answered('GET', 'my-host', '/sub-path'),
    answered('POST', 'some-host', '/'),
    answered('PUT', '', '/resource'),
    answered('DELETE', 'some-host', '/resource'),
    answered('PATCH', 'my-host', '/resource'),
  ],
}

export const tlsHost = 'foo.bar.com'
export const tlsSecret = 'conformance-tls'

export const hostRules: Feature = {
  name: 'host rules',
  ingress: {
    tls: [{ hosts: [tlsHost], secretName: tlsSecret }],
    rules: [
      rule('*.foo.com', [['/', 'Prefix', 'wildcard-foo-com']]),
      {
        host: tlsHost,
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: { service: { name: 'foo-bar-com', port: { name: 'http' } } } },
          ],
        },
      },
    ],
  },
  cases: [
    get('https://foo.bar.com/', 'foo-bar-com', 'with the certificate of the Ingress'),
    get('http://foo.bar.com/', 'foo-bar-com', 'the host of the rule'),
    get('http://subdomain.bar.com/', undefined, 'no host of a rule'),
    get('http://bar.foo.com/', 'wildcard-foo-com', 'one label in place of the *'),
    get('http://baz.bar.foo.com/', undefined, 'two labels in place of the *'),
    get('http://foo.com/', undefined, 'no label in place of the *'),
  ],
}

export const pathRules: Feature = {
  name: 'path rules',
  ingress: {
    rules: [
      rule('exact-path-rules', [['/foo', 'Exact', 'foo-exact']]),
      rule('prefix-path-rules', [
        ['/foo', 'Prefix', 'foo-prefix'],
        ['/aaa/bbb', 'Prefix', 'aaa-slash-bbb-prefix'],
        ['/aaa', 'Prefix', 'aaa-prefix'],
      ]),
      rule('mixed-path-rules', [
        ['/foo', 'Prefix', 'foo-prefix'],
        ['/foo', 'Exact', 'foo-exact'],
      ]),
      rule('trailing-slash-path-rules', [
        ['/aaa/bbb/', 'Prefix', 'aaa-slash-bbb-slash-prefix'],
        ['/foo/', 'Exact', 'foo-slash-exact'],
      ]),
    ],
  },
  cases: [
    get('http://exact-path-rules/foo', 'foo-exact', 'Exact /foo'),
    get('http://exact-path-rules/foo/', undefined, 'Exact /foo is not /foo/'),
    get('http://exact-path-rules/FOO', undefined, 'Exact /foo is not /FOO'),
    get('http://exact-path-rules/bar', undefined, 'Exact /foo is not /bar'),
    get('http://prefix-path-rules/foo', 'foo-prefix', 'Prefix /foo'),
    get('http://prefix-path-rules/foo/', 'foo-prefix', 'Prefix /foo takes /foo/'),
    get('http://prefix-path-rules/FOO', undefined, 'Prefix /foo is not /FOO'),
    get('http://prefix-path-rules/aaa/bbb', 'aaa-slash-bbb-prefix', 'the longest Prefix'),
    get('http://prefix-path-rules/aaa/bbb/ccc', 'aaa-slash-bbb-prefix', 'the longest Prefix, with more behind it'),
    get('http://prefix-path-rules/aaa/ccc', 'aaa-prefix', 'the only Prefix that fits'),
    get('http://prefix-path-rules/aaaccc', undefined, 'Prefix /aaa ends at a segment'),
    get('http://prefix-path-rules/foo/', 'foo-prefix', 'Prefix /foo takes /foo/, once more'),
    get('http://mixed-path-rules/foo', 'foo-exact', 'Exact before Prefix'),
    get('http://trailing-slash-path-rules/aaa/bbb', 'aaa-slash-bbb-slash-prefix', 'Prefix /aaa/bbb/ takes /aaa/bbb'),
    get('http://trailing-slash-path-rules/aaa/bbb/', 'aaa-slash-bbb-slash-prefix', 'Prefix /aaa/bbb/'),
    get('http://trailing-slash-path-rules/foo', undefined, 'Exact /foo/ is not /foo'),
  ],
}

export const ingressClassCase = 'an Ingress with an unknown class gets no address in its status'
export const loadBalancingCase = '100 requests to a backend of 10 pods reach all of them, and all get 200'

function backend(name: string): Fields {
  return { service: { name, port: { number: servicePort.port } } }
}

type PathRule = readonly [path: string, pathType: 'Exact' | 'Prefix', service: string]

function rule(host: string, paths: readonly PathRule[]): Fields {
  return {
    host,
    http: { paths: paths.map(([path, pathType, service]) => ({ path, pathType, backend: backend(service) })) },
  }
}

function answered(method: string, host: string, path: string): Case {
  const name = `${method} http://${host === '' ? '(no host)' : host}${path}`
  return { name, scheme: 'http', method, host, path, service: 'echo-service' }
}

function get(address: string, service: string | undefined, what: string): Case {
  const { protocol, hostname, pathname } = new URL(address)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  return { name: `GET ${address}: ${what}`, scheme, method: 'GET', host: hostname, path: pathname, service }
}
