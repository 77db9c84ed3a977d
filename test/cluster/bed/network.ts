import {
  addressList,
  allMembers,
  type Layout,
  type Member,
  namespaceFile,
  namespaceOf,
  switchMember,
} from './layout.ts'
import { run } from './run.ts'

/** The arguments that run a command in a network namespace. Not `ip netns exec`: that replaces /sys, and with it the cgroups. */
export function inNamespace(bed: string, member: string, ...command: string[]): [string, ...string[]] {
  return ['nsenter', `--net=${namespaceFile(bed, member)}`, ...command]
}

/** One switch, everybody on it, and no way out of it. The cables are made inside the switch's namespace: the machine's
 * own network never has a part of them. */
export async function layNetwork(layout: Layout): Promise<void> {
  const members = allMembers(layout)
  const names = [switchMember, ...members.map((member) => member.name)]
  await run('ip', ['-batch', '-'], { input: lines(names.map((name) => `netns add ${namespaceOf(layout.name, name)}`)) })
  await ipBatch(layout.name, switchMember, [
    'link add lan0 type bridge',
    'link set lan0 up',
    ...members.flatMap(({ name }) => [
      `link add ${portOf(name)} type veth peer name eth0 netns ${namespaceOf(layout.name, name)}`,
      `link set ${portOf(name)} master lan0 up`,
    ]),
  ])
  await Promise.all(members.map((member) => setUp(layout, member)))
}

async function setUp(layout: Layout, member: Member): Promise<void> {
  const settings = [
    'net.ipv6.conf.eth0.accept_dad=0',
    'net.ipv6.conf.all.accept_dad=0',
    'net.ipv6.conf.default.accept_dad=0',
  ]
  const isNode = layout.nodes.includes(member)
  if (isNode) settings.push('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
  // By ports too: several ways to one address (ECMP) are shared out by connection, not by client.
  if (member === layout.client) {
    settings.push('net.ipv4.fib_multipath_hash_policy=1', 'net.ipv6.fib_multipath_hash_policy=1')
    // A node that does not know an address yet sends packets on, and tells the client of a better way: for five minutes
    // the client would go that way, past the node that knows the address by then.
    const families = layout.family === 'ipv4' ? ['ipv4'] : ['ipv4', 'ipv6']
    for (const family of families) {
      settings.push(`net.${family}.conf.all.accept_redirects=0`, `net.${family}.conf.eth0.accept_redirects=0`)
    }
  }
  await run(...command(inNamespace(layout.name, member.name, 'sysctl', '-qw', ...settings)))
  await ipBatch(layout.name, member.name, [
    'link set lo up',
    ...addressList(member).map((address) => `address add ${address}/${prefixOf(address)} dev eth0 nodad`),
    'link set eth0 up',
    ...defaultRoutes(layout, member),
  ])
}

// A node without a default route refuses what it should drop; the control plane does not forward. The client sends
// everything it does not know to the first node, as a router with one static route does.
function defaultRoutes(layout: Layout, member: Member): readonly string[] {
  const isNode = layout.nodes.includes(member)
  const gateway = isNode ? layout.apiServer : member === layout.client ? layout.nodes[0] : undefined
  return addressList(gateway ?? {}).map((address) => `route add ${everything(address)} via ${address}`)
}

export async function ipBatch(bed: string, member: string, commands: readonly string[]): Promise<void> {
  await run(...command(inNamespace(bed, member, 'ip', '-batch', '-')), { input: lines(commands) })
}

/** The end of a member's cable at the switch. */
function portOf(member: string): string {
  return `p-${member}`
}

/** A bridge port that is disabled drops everything both ways, and the link stays up: nobody is told. */
export async function setPort(bed: string, member: string, state: 'disabled' | 'forwarding'): Promise<void> {
  const value = state === 'disabled' ? 0 : 3
  // `ip link set ... type bridge_slave state 0` succeeds and changes nothing.
  await run(
    ...command(inNamespace(bed, switchMember, 'bridge', 'link', 'set', 'dev', portOf(member), 'state', `${value}`)),
  )
}

function prefixOf(address: string): number {
  return address.includes(':') ? 64 : 24
}

function everything(address: string): string {
  return address.includes(':') ? '::/0' : '0.0.0.0/0'
}

function command([program, ...args]: [string, ...string[]]): [string, string[]] {
  return [program, args]
}

function lines(commands: readonly string[]): string {
  return commands.map((one) => `${one}\n`).join('')
}
