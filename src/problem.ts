/**
 * A mistake in somebody's object, as data. Nothing is thrown for it: the part that is wrong is left out,
 * the rest of the object and of the cluster goes on as if it had not been written.
 */
export type Problem = {
  readonly object: ObjectRef
  /** Path of the field at fault as kubectl would print it: `spec.rules[0].http.paths[1].backend.service.port`. */
  readonly field: string
  readonly reason: ProblemReason
  /** What is wrong, in one sentence, with the value at fault. */
  readonly message: string
  /** What is done instead, in one sentence: "requests to this path are answered with 503". */
  readonly instead: string
}

export type ObjectRef = {
  readonly kind: string
  /** Empty for cluster-scoped objects. For a file that does not parse: kind `File`, name its path. */
  readonly namespace: string
  readonly name: string
}

/** Closed list: each one is a Kubernetes Event reason, a metric label and a row in docs/reference/problems.md. */
export const problemReasons = [
  'AppProtocolUnsupported',
  'BadManifest',
  'CertificateExpired',
  'CertificateHostMismatch',
  'DuplicateRoute',
  'ExternalNameRefused',
  'IngressClassNotFound',
  'InvalidBackend',
  'InvalidHost',
  'InvalidPath',
  'InvalidPathType',
  'InvalidSetting',
  'CatchAllDisabled',
  'NoReadyEndpoints',
  'PortNotFound',
  'ResourceBackendUnsupported',
  'ServiceNotFound',
  'TlsSecretForbidden',
  'TlsSecretInvalid',
  'TlsSecretNotFound',
] as const

export type ProblemReason = (typeof problemReasons)[number]

/** One line for logs and the console: `Ingress shop/web spec.tls[0].secretName: … (TlsSecretNotFound); …`. */
export function formatProblem(problem: Problem): string {
  const { kind, namespace, name } = problem.object
  const object = namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
  return `${object} ${problem.field}: ${problem.message} (${problem.reason}); ${problem.instead}`
}
