import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Family } from '../support/bed.ts'
import { backend, coredns, importEverywhere, metallb } from './add-ons.ts'
import { adopt } from './foreign.ts'
import { kubectlOf } from './kubectl.ts'
import { inNamespace } from './network.ts'
import { placeOf } from './place.ts'
import { terminalProgress } from './progress.ts'
import { MissingRequirement, missingRequirement } from './requirements.ts'
import { runAttached } from './run.ts'
import { type BedState, bedFolder, bedNames, readState } from './state.ts'
import { describeRemains, isNothing, remainsOf, tearDown } from './teardown.ts'
import { up } from './up.ts'

type UpOptions = {
  name?: string
  nodes: number
  family: Family
  coredns?: boolean
  metallb?: boolean
  kubeconfig?: string
}

const progress = terminalProgress()

const program = new Command('npm run cluster --')
  .description('A real Kubernetes on this machine, in network namespaces, for the tests of Headgate.')
  .enablePositionalOptions()
  .addOption(new Option('--name <name>', 'which bed').env('HEADGATE_BED').default('bed').argParser(parseName))

command('up', 'build what is needed, and start a bed')
  .option('--nodes <count>', 'how many nodes', parseCount, 2)
  .addOption(new Option('--family <family>', 'addresses').choices(['ipv4', 'ipv6', 'dual']).default('dual'))
  .option('--coredns', 'with DNS for the pods')
  .option('--metallb', 'with MetalLB for Services of type LoadBalancer')
  .option('--kubeconfig <file>', 'use the cluster that is there, without a network of ours')
  .action(async (options: UpOptions) => {
    const name = options.name ?? bedName()
    if (options.kubeconfig !== undefined) {
      await adopt(name, resolve(options.kubeconfig))
      progress.say(`bed ${name} is the cluster of ${options.kubeconfig}`)
      return
    }
    const addOns = [
      backend,
      ...(options.coredns === true ? [coredns] : []),
      ...(options.metallb === true ? [metallb] : []),
    ]
    try {
      await up({ name, family: options.family, nodeCount: options.nodes, addOns }, progress)
    } catch (error) {
      if (error instanceof MissingRequirement) throw error
      progress.say(`bed ${name} did not start; its logs: ${join(bedFolder(name), 'log')}; down clears it away`)
      throw error
    }
    progress.say(`bed ${name} is up: npm run cluster -- kubectl get nodes`)
  })

command('down', 'take a bed down').action(async (options: { name?: string }) => {
  const name = options.name ?? bedName()
  await tearDown(name)
  progress.say(`nothing is left of bed ${name}: no process, cgroup, namespace, mount or file`)
})

command('status', 'which beds there are').action(async () => {
  for (const name of await bedNames()) {
    const state = readState(name)
    process.stdout.write(`${state === undefined ? `${name}: its state is lost` : describeState(state)}\n`)
    const remains = await remainsOf(name)
    if (state?.phase !== 'up' && !isNothing(remains)) process.stdout.write(`  ${describeRemains(remains)}\n`)
  }
})

passThrough('kubectl', 'kubectl as cluster admin').action(async (args: string[], options: { name?: string }) => {
  const state = stateOf(options.name)
  process.exitCode = await attach(kubectlOf(state, args))
})

passThrough('client', 'run a command as the client outside').action(
  async (args: string[], options: { name?: string }) => {
    process.exitCode = await attach(inNamespace(stateOf(options.name).name, 'client', ...args))
  },
)

command('load', 'an image, as an OCI archive, into every node')
  .argument('<archive>')
  .action(async (archive: string, options: { name?: string }) => {
    await importEverywhere(placeOf(stateOf(options.name)), [resolve(archive)])
  })

program.hook('preAction', (_program, action) => {
  const { kubeconfig, name = bedName() } = action.opts<{ kubeconfig?: string; name?: string }>()
  const isForeign = (kubeconfig ?? readState(name)?.kubeconfig) !== undefined
  const missing = isForeign ? undefined : missingRequirement()
  if (missing === undefined) return
  process.stderr.write(`${missing}\n`)
  process.exit(2)
})
await program.parseAsync().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error instanceof MissingRequirement ? 2 : 1
})

function command(name: string, description: string): Command {
  return program.command(name).description(description).option('--name <name>', 'which bed', parseName)
}

/** Everything after the first word that is not an option of ours is for the other program. */
function passThrough(name: string, description: string): Command {
  return command(name, description)
    .argument('[arguments...]')
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
}

function bedName(): string {
  const { name } = program.opts<{ name: string }>()
  return name
}

function stateOf(name: string | undefined): BedState {
  const wanted = name ?? bedName()
  const state = readState(wanted)
  if (state === undefined) throw new Error(`there is no bed ${wanted}: npm run cluster -- up`)
  return state
}

function describeState({ name, phase, family, nodeCount, kubeconfig }: BedState): string {
  if (kubeconfig !== undefined) return `${name}\tthe cluster of ${kubeconfig}`
  return `${name}\t${phase}\t${family}\t${nodeCount} nodes`
}

function attach([command, ...args]: [string, ...string[]]): Promise<number> {
  return runAttached(command, args)
}

function parseName(name: string): string {
  if (!/^[a-z][a-z0-9]{0,19}$/.test(name)) throw new InvalidArgumentError('lower case letters and digits, at most 20.')
  return name
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 9) throw new InvalidArgumentError('from 1 to 9.')
  return count
}
