import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { type Flag, flagList, variableOf } from '../config/flags.ts'

/** Exit code of a command line that cannot be understood. */
const usageExitCode = 2

/** Runs one command line to its end and gives the exit code. Subcommands are loaded when they are asked for. */
export async function run(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const program = createProgram((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : usageExitCode
  }
  return exitCode
}

function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('headgate')
    .description('A Kubernetes ingress controller that carries the traffic itself.')
    .enablePositionalOptions()
    .exitOverride()
    .version(readVersion())

  addServeLike(program.command('serve'), async (argv) => {
    const { serve } = await import('./serve.ts')
    setExitCode(await serve(argv, process.env))
  }).description('Serve the Ingresses of a cluster, or of a folder with --manifests.')

  addServeLike(program.command('start'), async (argv) => {
    if (argv.length > 0) {
      const { serve } = await import('./serve.ts')
      setExitCode(await serve(argv, process.env))
    } else {
      const { runDemo } = await import('./demo.ts')
      setExitCode(await runDemo())
    }
  }).description('Without flags the demo, with flags the same as serve.')

  program
    .command('demo')
    .description('Serve examples/demo in front of small apps of its own, on this machine.')
    .action(async () => {
      const { runDemo } = await import('./demo.ts')
      setExitCode(await runDemo())
    })

  program
    .command('version')
    .description('Print the version.')
    .action(() => {
      process.stdout.write(`${readVersion()}\n`)
    })

  return program
}

// commander reports the first mistake and stops; parseConfig reports all. So the flags reach parseConfig as they are, and
// commander only prints them.
function addServeLike(command: Command, action: (argv: readonly string[]) => Promise<void>): Command {
  return command
    .usage('[flags]')
    .argument('[flags...]')
    .allowUnknownOption()
    .configureHelp({
      visibleOptions: () => flagList.map(toOption),
      visibleArguments: () => [],
      // Names and descriptions are too long to stand side by side on a terminal of 80 columns.
      formatItem: (term, _width, description, help) =>
        `  ${term}\n${help.boxWrap(description, (help.helpWidth ?? 80) - 8).replace(/^/gm, '        ')}`,
    })
    .addHelpText('after', '\nEvery flag is also a variable: --http-port is HEADGATE_HTTP_PORT.\nFlags beat variables.')
    .action((argv: readonly string[]) => action(argv))
}

function toOption(flag: Flag<unknown>): Option {
  const name = flag.placeholder === undefined ? `--[no-]${flag.name}` : `--${flag.name} <${flag.placeholder}>`
  const often = flag.repeatable ? ' Repeatable.' : ''
  return new Option(name, `${flag.help}${often} (default: ${flag.defaultText}; ${variableOf(flag)})`)
}

function readVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return manifest.version
}
