import type { Fields, KubernetesObject } from '../../manifests/object.ts'

export type BackendOptions = {
  readonly name: string
  readonly namespace: string
  /** 3 by default. */
  readonly replicas?: number
  /** Beside `app`, which is the name. */
  readonly labels?: Readonly<Record<string, string>>
  /** See test/cluster/cmd/backend/main.go. */
  readonly env?: Readonly<Record<string, string>>
  /** The port that is named `web`; 8080 by default. */
  readonly port?: number
  /**
   * How long the pod still serves when it is taken out of its Services. A good application has this, as nobody else waits for
   * proxies to hear of it: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow
   */
  readonly preStopSeconds?: number
  /** 5 by default. */
  readonly graceSeconds?: number
}

/** A Deployment of `test/cluster/cmd/backend`, quick to become ready and quick to end. */
export function backendDeployment(options: BackendOptions): KubernetesObject {
  const { name, namespace, replicas = 3, labels = {} } = options
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name, ...labels } }, spec: backendPod(options) },
    },
  }
}

function backendPod({ env = {}, port = 8080, preStopSeconds, graceSeconds = 5 }: BackendOptions): Fields {
  return {
    terminationGracePeriodSeconds: graceSeconds,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    containers: [
      {
        name: 'backend',
        image: 'headgate.test/backend:1',
        imagePullPolicy: 'IfNotPresent',
        env: Object.entries({ PORTS: `${port}`, ...env }).map(([key, value]) => ({ name: key, value })),
        ports: [{ name: 'web', containerPort: port }],
        // Pods that ask for nothing get nothing where others that ask are busy.
        resources: { requests: { cpu: '50m' } },
        // One answer is enough to be taken out; one that comes late is not.
        readinessProbe: {
          httpGet: { path: '/healthz', port: 'web' },
          periodSeconds: 1,
          timeoutSeconds: 5,
          failureThreshold: 1,
        },
        ...(preStopSeconds === undefined ? {} : { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } }),
      },
    ],
  }
}

export type ServiceOptions = {
  readonly name: string
  readonly namespace: string
  /** Whatever differs from a ClusterIP that takes port 80 to the port named `web` of the pods with `app: NAME`. */
  readonly spec?: Fields
}

export function service({ name, namespace, spec = {} }: ServiceOptions): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'web' }], ...spec },
  }
}

export type IngressOptions = {
  readonly name: string
  readonly namespace: string
  readonly ingressClass: string
  readonly host: string
  /** The Service; `name` by default. */
  readonly service?: string
  /** 80 by default. */
  readonly port?: number
}

/** Everything of one host to one port of one Service. */
export function ingress(options: IngressOptions): KubernetesObject {
  const { name, namespace, ingressClass, host, service = name, port = 80 } = options
  const backend = { service: { name: service, port: { number: port } } }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace },
    spec: {
      ingressClassName: ingressClass,
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  }
}
