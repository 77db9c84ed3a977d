import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Bed } from './bed.ts'

const program = fileURLToPath(new URL('../bed/main.ts', import.meta.url))

/** `kubectl port-forward` on the machine of the control plane; the client outside may use it. */
export function startPortForward(bed: Bed, namespace: string, target: string, ports: string): { stop(): void } {
  const forward = ['port-forward', '-n', namespace, target, ports, '--address=0.0.0.0', '--pod-running-timeout=30s']
  // With a process group of its own: kubectl is a grandchild.
  const child = spawn(process.execPath, [program, 'kubectl', '--name', bed.name, ...forward], {
    detached: true,
    stdio: 'ignore',
  })
  return {
    stop() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    },
  }
}
