import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiServer, type ApiServerOptions } from './api-server.ts'
import { type Headgate, startHeadgate } from './headgate.ts'
import { type Origin, ok, startOrigin } from './origin.ts'

/** An API server, and whatever a test starts in its cluster: endpoints, and the real program as often as it likes. */
export class Cluster {
  readonly api: ApiServer
  /** For files of the test. */
  readonly folder: string
  readonly kubeconfig: string
  readonly #running: Headgate[] = []
  readonly #origins: Origin[] = []

  private constructor(api: ApiServer, folder: string, kubeconfig: string) {
    this.api = api
    this.folder = folder
    this.kubeconfig = kubeconfig
  }

  /** `access`: what the kubeconfig is to say of the cluster, such as the authority of its certificate. */
  static async start({ access = {}, ...options }: ApiServerOptions & { access?: object } = {}): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'headgate-cluster-'))
    const api = await new ApiServer({ bookmarkMs: 50, ...options }).listen()
    const cluster = new Cluster(api, folder, await api.writeKubeconfig(join(folder, 'config'), {}, access))
    cluster.put(ingressClass('headgate', 'headgate.dev/ingress-controller'))
    return cluster
  }

  put(...objects: readonly (object | readonly object[])[]): void {
    for (const object of objects.flat()) this.api.put(object)
  }

  /** An endpoint that answers every request with this text. */
  async origin(text: string): Promise<Origin> {
    const origin = await startOrigin(() => ok(text))
    this.#origins.push(origin)
    return origin
  }

  async headgate(flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Headgate> {
    const headgate = await startHeadgate({ flags: [`--kubeconfig=${this.kubeconfig}`, ...flags], env })
    this.#running.push(headgate)
    return headgate
  }

  /** The addresses in the status of an Ingress; undefined: nobody has written any. */
  statusOf(name: string, namespace = 'default'): unknown {
    const status = this.api.get('Ingress', namespace, name)?.['status']
    return (status as { loadBalancer?: { ingress?: unknown } } | undefined)?.loadBalancer?.ingress
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((headgate) => headgate.stop()))
    for (const origin of this.#origins) await origin.close()
    await this.api.refuse()
    await rm(this.folder, { recursive: true })
  }
}

export function ingressClass(name: string, controller: string): object {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name }, spec: { controller } }
}

/** The same objects in another namespace. */
export function inNamespace(namespace: string, ...objects: readonly (object | readonly object[])[]): object[] {
  return objects.flat().map((object) => {
    const metadata: unknown = 'metadata' in object ? object.metadata : {}
    return { ...object, metadata: { ...Object(metadata), namespace } }
  })
}
