import type { Bed, Finished } from './bed.ts'
import type { Pod } from './objects.ts'

// What a test does to a pod from the node it runs on, without the API server.

/** Runs a program of this machine in the network of a pod. */
async function runInPod(bed: Bed, pod: Pod, command: string, args: readonly string[]): Promise<Finished> {
  // Any of its processes will do; the one that holds the network is among them.
  const script = `
    for file in $(grep -ls 'pod${pod.uid}' /proc/[0-9]*/cgroup); do
      network="$(dirname "$file")/ns/net"
      [ -e "$network" ] && exec nsenter --net="$network" "$@"
    done
    echo 'no process of the pod runs here' >&2; exit 1`
  const finished = await bed.runOnNode(pod.node, 'sh', ['-c', script, 'sh', command, ...args])
  if (finished.code !== 0) throw new Error(`${command} in ${pod.name}: ${finished.stderr}`)
  return finished
}

/** Status and text of a page of the admin listener. */
export async function adminPage(bed: Bed, pod: Pod, path: string): Promise<{ status: number; text: string }> {
  const script = `
    const answer = await fetch(process.argv[1], { signal: AbortSignal.timeout(5000) })
    console.log(JSON.stringify({ status: answer.status, text: await answer.text() }))`
  const url = `http://127.0.0.1:10254${path}`
  const { stdout } = await runInPod(bed, pod, process.execPath, ['--input-type=module', '-e', script, url])
  const page: { status: number; text: string } = JSON.parse(stdout)
  return page
}

export async function isConnected(bed: Bed, pod: Pod): Promise<boolean> {
  const { text } = await adminPage(bed, pod, '/metrics')
  return /^headgate_control_plane_connected 1$/m.test(text)
}

/** Ends every connection of the pod to the API server, as a balancer that restarts does; new ones are up to the pod. */
export async function resetApiConnections(bed: Bed, pod: Pod): Promise<void> {
  await runInPod(bed, pod, 'ss', ['--kill', '--tcp', 'dport', '=', '443'])
}

const table = 'headgate_silence'

/** From now on nothing goes between the pod and the API server, and nobody is told. Resolves with the way back. */
export async function silenceApiServer(bed: Bed, pod: Pod): Promise<() => Promise<void>> {
  const rules = pod.addresses.flatMap((address) => {
    const family = address.includes(':') ? 'ip6' : 'ip'
    return [`${family} saddr ${address} tcp dport 6443 drop`, `${family} daddr ${address} tcp sport 6443 drop`]
  })
  // Behind the address translation of kube-proxy.
  const chain = ['type filter hook forward priority 100', ...rules].join('\n')
  await nft(bed, pod, `table inet ${table} {\nchain forward {\n${chain}\n}\n}`)
  return () => nft(bed, pod, `delete table inet ${table}`)
}

async function nft(bed: Bed, pod: Pod, ruleset: string): Promise<void> {
  const { code, stderr } = await bed.runOnNode(pod.node, 'nft', [ruleset])
  if (code !== 0) throw new Error(`nft ${ruleset}: ${stderr}`)
}
