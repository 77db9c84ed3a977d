import { maxOpenFiles } from '../support/open-files.ts'
import type { Site } from './peer.ts'
import { switches } from './template.ts'
import { ciphers, suites } from './tls-policy.ts'

/** The values of every placeholder that the templates share. */
export function valuesOf({ folder, port, tlsPort, setup, backends, certificate }: Site) {
  const [app1 = 0, app2 = 0, app3 = 0] = backends.app
  return {
    ...{ folder, port, tlsPort, app1, app2, app3, echo: backends.echo },
    ...{ ciphers, suites, maxFiles: maxOpenFiles(), workers: setup.workers },
    certFile: certificate.certFile,
    keyFile: certificate.keyFile,
    bothFile: certificate.bothFile,
    ...switches(setup.accessLog),
  }
}
