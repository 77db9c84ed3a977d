import { stringify } from 'yaml'
import { makeTlsSecret, type TestCertificate } from './certificates.ts'

// Kubernetes objects for tests, as short as a test wants to say them.

type PathSpec = {
  readonly path?: string
  readonly type?: string
  readonly service?: string
  readonly port?: number | string
}

export type IngressSpec = {
  readonly name?: string
  readonly className?: string
  readonly host?: string
  readonly paths?: readonly PathSpec[]
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** An Ingress of namespace `default`; without paths, everything below `/` goes to the service `app`, port 80. */
export function ingress({ name = 'web', className, host, paths = [{}], tls, annotations }: IngressSpec = {}): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', ...(annotations && { annotations }) },
    spec: {
      ...(className !== undefined && { ingressClassName: className }),
      ...(tls && { tls }),
      rules: [
        {
          ...(host !== undefined && { host }),
          http: {
            paths: paths.map(({ path = '/', type = 'Prefix', service = 'app', port = 80 }) => ({
              path,
              pathType: type,
              backend: {
                service: { name: service, port: typeof port === 'number' ? { number: port } : { name: port } },
              },
            })),
          },
        },
      ],
    },
  }
}

/** A Service `name` with port 80, and its endpoints on loopback. */
export function service(name: string, ports: readonly number[], address = '127.0.0.1'): object[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { ports: [{ name: 'http', port: 80 }] },
    },
    ...ports.map((port) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${port}`,
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'http', port, protocol: 'TCP' }],
    })),
  ]
}

/** A Secret of namespace `default`, as its manifest. */
export function tlsSecret(name: string, certificate: Pick<TestCertificate, 'certPem' | 'keyPem'>): object {
  return { apiVersion: 'v1', ...makeTlsSecret(name, certificate) }
}

export function toYaml(...objects: readonly (object | readonly object[])[]): string {
  return objects
    .flat()
    .map((object) => stringify(object))
    .join('---\n')
}
