import { describe, expect, it } from 'vitest'
import { type Config, parseConfig } from '../src/config.ts'
import type { BuildOptions } from '../src/router/build-input.ts'

type Env = Readonly<Record<string, string>>

function configOf(argv: readonly string[], env: Env = {}): Config {
  const result = parseConfig(argv, env, 4)
  if ('mistakes' in result) throw new Error(result.mistakes.join('\n'))
  return result.config
}

function mistakesOf(argv: readonly string[], env: Env = {}): readonly string[] {
  const result = parseConfig(argv, env, 4)
  return 'mistakes' in result ? result.mistakes : []
}

const clusterDefaults: Config = {
  source: { kind: 'cluster', kubeconfig: undefined },
  httpPort: 8080,
  httpsPort: 8443,
  adminPort: 10254,
  bind: ['::'],
  workers: 4,
  ingressClass: 'headgate',
  controllerClasses: ['headgate.dev/ingress-controller'],
  watchNamespaces: [],
  watchNamespaceSelector: undefined,
  watchIngressWithoutClass: false,
  ingressClassByName: false,
  defaultBackendService: undefined,
  defaultCertificate: undefined,
  secrets: 'watch',
  secretRefreshSeconds: 60,
  disableCatchAll: false,
  disableExternalName: false,
  allowLocalAddresses: false,
  configMap: undefined,
  publishService: undefined,
  publishStatusAddresses: [],
  publishNodeAddresses: 'off',
  updateStatus: true,
  updateStatusOnShutdown: false,
  electionId: 'headgate-leader',
  electionNamespace: undefined,
  logLevel: 'info',
  logFormat: 'json',
  proxy: { accessLog: 'off', accessLogFields: [], fastLane: true, http2: true, h2c: false, leanUpstream: true },
  drainSeconds: 240,
  lameDuckSeconds: 10,
}

describe('the configuration without any flag', () => {
  it('is a cluster with the defaults of the table', () => {
    expect(configOf([])).toEqual(clusterDefaults)
  })

  it('with --manifests serves Ingresses without a class or IngressClass and writes no status', () => {
    expect(configOf(['--manifests', 'a', '--manifests=b,c'])).toEqual({
      ...clusterDefaults,
      source: { kind: 'manifests', paths: ['a', 'b,c'] },
      watchIngressWithoutClass: true,
      ingressClassByName: true,
      allowLocalAddresses: true,
      lameDuckSeconds: 0,
      updateStatus: false,
    })
  })

  it('can be passed on to the table builder as it is', () => {
    const generatedCertificate = { id: '', certPem: '', keyPem: '', names: [], notBefore: 0, notAfter: 0, source: '' }
    const options: BuildOptions = { ...configOf([]), generatedCertificate }
    expect(options.controllerClasses).toEqual(['headgate.dev/ingress-controller'])
  })
})

const good: readonly (readonly [string, readonly string[], Partial<Config>])[] = [
  ['a kubeconfig', ['--kubeconfig', 'c.yaml'], { source: { kind: 'cluster', kubeconfig: 'c.yaml' } }],
  ['a port after a blank', ['--http-port', '80'], { httpPort: 80 }],
  ['a port after an equals sign', ['--http-port=80'], { httpPort: 80 }],
  ['port 0', ['--https-port', '0'], { httpsPort: 0 }],
  ['a port that is off', ['--admin-port=off'], { adminPort: undefined }],
  ['two ports that are 0', ['--http-port=0', '--https-port=0'], { httpPort: 0, httpsPort: 0 }],
  ['addresses', ['--bind=127.0.0.1', '--bind', '[::1]'], { bind: ['127.0.0.1', '::1'] }],
  ['no workers', ['--workers=0'], { workers: 0 }],
  [
    'an adopted controller',
    ['--controller-class=k8s.io/ingress-nginx'],
    { controllerClasses: ['k8s.io/ingress-nginx'] },
  ],
  ['namespaces by commas', ['--watch-namespace=a,b', '--watch-namespace=c'], { watchNamespaces: ['a', 'b', 'c'] }],
  [
    'a selector',
    ['--watch-namespace-selector', 'team in (a, b),!old,stage!=x'],
    { watchNamespaceSelector: 'team in (a, b),!old,stage!=x' },
  ],
  ['a toggle', ['--disable-catch-all'], { disableCatchAll: true }],
  ['a toggle with its value', ['--update-status=false'], { updateStatus: false }],
  ['a negated toggle', ['--no-update-status'], { updateStatus: false }],
  [
    'a toggle turned off in a folder',
    ['--manifests=a', '--no-watch-ingress-without-class'],
    { watchIngressWithoutClass: false },
  ],
  [
    'a default backend without a port',
    ['--default-backend-service=ops/sorry'],
    { defaultBackendService: { namespace: 'ops', name: 'sorry', port: undefined } },
  ],
  [
    'a default backend with a port',
    ['--default-backend-service=ops/sorry:http'],
    { defaultBackendService: { namespace: 'ops', name: 'sorry', port: 'http' } },
  ],
  ['a default certificate', ['--default-ssl-certificate=ops/wild'], { defaultCertificate: 'ops/wild' }],
  [
    'published addresses',
    ['--publish-status-address=192.0.2.1,2001:db8::1,lb.example'],
    { publishStatusAddresses: ['192.0.2.1', '2001:db8::1', 'lb.example'] },
  ],
  [
    'Secrets by name',
    ['--secrets=by-name', '--secret-refresh-seconds=600'],
    { secrets: 'by-name', secretRefreshSeconds: 600 },
  ],
  [
    'addresses of nodes',
    ['--publish-service=a/b', '--publish-node-addresses=internal'],
    { publishService: 'a/b', publishNodeAddresses: 'internal' },
  ],
  ['the same value twice', ['--workers=2', '--workers=2'], { workers: 2 }],
]

describe('a flag', () => {
  it.each(good)('may be %s', (_, argv, expected) => {
    expect(configOf(argv)).toMatchObject(expected)
  })
})

describe('the access log', () => {
  it('may have some fields, in the order in which they are given', () => {
    const argv = ['--access-log=json', '--access-log-fields=status,target', '--access-log-fields=time']
    expect(configOf(argv).proxy).toMatchObject({ accessLog: 'json', accessLogFields: ['status', 'target', 'time'] })
  })

  it.each(['off', 'json', 'combined', 'ingress-nginx'])('may be %s', (format) => {
    expect(configOf([`--access-log=${format}`]).proxy.accessLog).toBe(format)
  })
})

const bad: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['--htp-port=80'], ['unknown flag --htp-port, did you mean --http-port?']],
  [['--htp-port', '80', '--workers', '2'], ['unknown flag --htp-port, did you mean --http-port?']],
  [['--no-such-thing'], ['unknown flag --no-such-thing']],
  [['--no-http-port'], ['unknown flag --no-http-port, did you mean --http-port?']],
  [['examples'], ['examples: not a flag']],
  [['-v'], ['-v: not a flag']],
  [['--disable-catch-all', 'false'], ['false: not a flag, on or off is written --flag=true or --flag=false']],
  [['--disable-catch-all=yes'], ["--disable-catch-all: 'yes' is not true or false"]],
  [['--http-port'], ['--http-port needs a value: PORT']],
  [['--http-port', '--workers=1'], ['--http-port needs a value: PORT']],
  [['--http-port='], ["--http-port: '' is not a port from 0 to 65535, or off"]],
  [['--http-port=65536'], ["--http-port: '65536' is not a port from 0 to 65535, or off"]],
  [['--http-port', '-1'], ["--http-port: '-1' is not a port from 0 to 65535, or off"]],
  [['--http-port=8e1'], ["--http-port: '8e1' is not a port from 0 to 65535, or off"]],
  [['--workers=many'], ["--workers: 'many' is not a whole number of workers from 0 to 1024"]],
  [['--drain-seconds=1.5'], ["--drain-seconds: '1.5' is not a whole number of seconds from 0 to 86400"]],
  [['--bind=localhost'], ["--bind: 'localhost' is not an IPv4 or IPv6 address of this machine"]],
  [['--ingress-class=Head_Gate'], ["--ingress-class: 'Head_Gate' is not the name of a Kubernetes object"]],
  [
    ['--controller-class=nginx'],
    ["--controller-class: 'nginx' is not a controller name such as headgate.dev/ingress-controller"],
  ],
  [['--watch-namespace=a,B'], ["--watch-namespace: 'B' is not the name of a namespace"]],
  [
    ['--watch-namespace-selector=a==b==c'],
    ["--watch-namespace-selector: 'a==b==c' is not a label selector such as team=shop,stage!=test"],
  ],
  [
    ['--default-backend-service=sorry'],
    ["--default-backend-service: 'sorry' is not NAMESPACE/NAME or NAMESPACE/NAME:PORT"],
  ],
  [
    ['--default-backend-service=a/b:0'],
    ["--default-backend-service: 'a/b:0' is not NAMESPACE/NAME or NAMESPACE/NAME:PORT"],
  ],
  [['--default-ssl-certificate=a/b/c'], ["--default-ssl-certificate: 'a/b/c' is not NAMESPACE/NAME"]],
  [['--publish-status-address=a_b'], ["--publish-status-address: 'a_b' is not an IP address or a host name"]],
  [['--log-level=trace'], ["--log-level: 'trace' is not one of debug, info, warn, error"]],
  [['--access-log=apache'], ["--access-log: 'apache' is not one of off, json, combined, ingress-nginx"]],
  [
    ['--access-log=json', '--access-log-fields=time,stauts,xyzzy'],
    [
      "--access-log-fields: 'stauts' is not a field of the access log, did you mean status?",
      "--access-log-fields: 'xyzzy' is not a field of the access log",
    ],
  ],
  [
    ['--access-log=combined', '--access-log-fields=time'],
    ['--access-log-fields needs --access-log=json: the other formats have fields of their own'],
  ],
  [['--workers=1', '--workers=2'], ['--workers is given more than once: 1, 2']],
  [
    ['--manifests=a', '--kubeconfig=b'],
    ['--manifests and --kubeconfig exclude each other: objects come from one place'],
  ],
  [
    ['--watch-namespace=a', '--watch-namespace-selector=b'],
    ['--watch-namespace and --watch-namespace-selector exclude each other: namespaces are chosen in one way'],
  ],
  [
    ['--publish-service=a/b', '--publish-status-address=192.0.2.1'],
    ['--publish-service and --publish-status-address exclude each other: addresses come from one place'],
  ],
  [['--manifests=a', '--update-status'], ['--update-status needs a cluster: files have no status to write']],
  [
    ['--manifests=a', '--update-status-on-shutdown'],
    ['--update-status-on-shutdown needs a cluster: files have no status to write'],
  ],
  [['--manifests=a', '--secrets=by-name'], ['--secrets needs a cluster: of files all are read']],
  [['--secrets=list'], ["--secrets: 'list' is not one of watch, by-name"]],
  [
    ['--secret-refresh-seconds=5'],
    ['--secret-refresh-seconds needs --secrets=by-name: what is watched need not be read again'],
  ],
  [
    ['--secrets=by-name', '--secret-refresh-seconds=0'],
    ["--secret-refresh-seconds: '0' is not a whole number of seconds from 1 to 86400"],
  ],
  [
    ['--publish-node-addresses=external'],
    ['--publish-node-addresses needs --publish-service: the nodes are those of its endpoints'],
  ],
  [['--publish-service=a/b', '--publish-node-addresses'], ['--publish-node-addresses needs a value: TYPE']],
  [['--http-port=80', '--https-port=80'], ['--http-port and --https-port are both 80']],
  [['--https-port=8080'], ['--http-port and --https-port are both 8080']],
  [['--http-port=off', '--https-port=off'], ['--http-port and --https-port are both off: there is nothing to serve']],
  [['--http-port=x', '--https-port=8080'], ["--http-port: 'x' is not a port from 0 to 65535, or off"]],
]

describe('a mistake', () => {
  it.each(bad)('%j is named in one sentence', (argv, expected) => {
    expect(mistakesOf(argv)).toEqual(expected)
  })

  it('does not hide another', () => {
    const argv = ['--htp-port=80', '--workers=x', '--bind=y', '--manifests=a', '--kubeconfig=b', '--https-port=10254']
    expect(mistakesOf(argv, { HEADGATE_LOG_LEVEL: 'loud' })).toEqual([
      'unknown flag --htp-port, did you mean --http-port?',
      "--bind: 'y' is not an IPv4 or IPv6 address of this machine",
      "--workers: 'x' is not a whole number of workers from 0 to 1024",
      "HEADGATE_LOG_LEVEL: 'loud' is not one of debug, info, warn, error",
      '--manifests and --kubeconfig exclude each other: objects come from one place',
      '--https-port and --admin-port are both 10254',
    ])
  })
})

describe('the environment', () => {
  it('sets every flag, lists by commas', () => {
    const env = {
      HEADGATE_MANIFESTS: 'a, b',
      HEADGATE_HTTP_PORT: '80',
      HEADGATE_DISABLE_CATCH_ALL: '1',
      HEADGATE_INGRESS_CLASS_BY_NAME: '0',
    }
    expect(configOf([], env)).toMatchObject({
      source: { kind: 'manifests', paths: ['a', 'b'] },
      httpPort: 80,
      disableCatchAll: true,
      ingressClassByName: false,
    })
  })

  it('gives way to the command line, even where its own value is wrong', () => {
    expect(
      configOf(['--http-port=81', '--bind=::1'], { HEADGATE_HTTP_PORT: 'x', HEADGATE_BIND: '127.0.0.1' }),
    ).toMatchObject({
      httpPort: 81,
      bind: ['::1'],
    })
  })

  it('is named in the mistake where the value comes from it', () => {
    expect(mistakesOf(['--kubeconfig=c'], { HEADGATE_MANIFESTS: 'a', HEADGATE_WORKERS: 'x' })).toEqual([
      "HEADGATE_WORKERS: 'x' is not a whole number of workers from 0 to 1024",
      'HEADGATE_MANIFESTS and --kubeconfig exclude each other: objects come from one place',
    ])
  })

  it('counts an empty variable as absent', () => {
    expect(configOf([], { HEADGATE_HTTP_PORT: '', HEADGATE_CONFIGMAP: '', POD_NAMESPACE: '' })).toEqual(clusterDefaults)
  })

  it('reports a variable that is nearly one of ours and leaves others alone', () => {
    expect(mistakesOf([], { HEADGATE_HTTP_PROT: '80', HEADGATE_SOMETHING_ELSE_ENTIRELY: '1', PATH: '/' })).toEqual([
      'unknown variable HEADGATE_HTTP_PROT, did you mean HEADGATE_HTTP_PORT?',
    ])
  })

  it('is not confused by the variables that the kubelet makes of Services called headgate, headgate-http and headgate-admin', () => {
    const env = {
      HEADGATE_PORT: 'tcp://10.0.0.1:80',
      HEADGATE_PORT_80_TCP: 'tcp://10.0.0.1:80',
      HEADGATE_PORT_80_TCP_ADDR: '10.0.0.1',
      HEADGATE_SERVICE_HOST: '10.0.0.1',
      HEADGATE_SERVICE_PORT_HTTP: '80',
      HEADGATE_HTTP_PORT: 'tcp://10.0.0.1:80',
      HEADGATE_ADMIN_PORT: 'tcp://10.0.0.1:10254',
    }
    expect(configOf([], env)).toEqual(clusterDefaults)
  })

  it('gives the namespace of the Lease', () => {
    expect(configOf([], { POD_NAMESPACE: 'ops' }).electionNamespace).toBe('ops')
    expect(configOf(['--election-namespace=mine'], { POD_NAMESPACE: 'ops' }).electionNamespace).toBe('mine')
  })
})
