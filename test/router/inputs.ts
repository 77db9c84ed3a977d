import type { BuildInput, BuildOptions } from '../../src/router/build-input.ts'
import type { Certificate, Question } from '../../src/router/table.ts'
import { type ClusterState, emptyClusterState } from '../../src/watch/cluster-state.ts'

const generated = certificate('(generated)', ['headgate.local'])

export const options: BuildOptions = {
  ingressClass: 'headgate',
  controllerClasses: ['headgate.dev/ingress'],
  watchIngressWithoutClass: true,
  ingressClassByName: false,
  watchNamespaces: [],
  watchNamespaceSelector: undefined,
  defaultBackendService: undefined,
  defaultCertificate: undefined,
  generatedCertificate: generated,
  disableCatchAll: false,
  disableExternalName: false,
  allowLocalAddresses: false,
  configMap: undefined,
}

export function certificate(source: string, names: readonly string[]): Certificate {
  return { id: `${source}@1`, certPem: 'cert', keyPem: 'PRIVATE', names, notBefore: 0, notAfter: 4e12, source }
}

export function input(state: Partial<ClusterState>, rest: Partial<BuildInput> = {}): BuildInput {
  return { state: { ...emptyClusterState, ...state }, certificates: new Map(), externalAddresses: new Map(), ...rest }
}

export function question(host: string, path: string, rest: Partial<Question> = {}): Question {
  const none = () => undefined
  return { listener: 'http', host, path, method: 'GET', header: none, query: none, cookie: none, ...rest }
}
