import { describe, expect, it } from 'vitest'
import { flagList, variableOf } from '../../src/config/flags.ts'
import { runHeadgate } from './run.ts'

describe.concurrent('the program', () => {
  it.each(['serve', 'start'])('%s lists every mistake on standard error and exits with 2', async (subcommand) => {
    const args = [subcommand, '--htp-port', '80', '--workers=x', '--bind=localhost', '--manifests=.', '--kubeconfig=c']
    expect(await runHeadgate(args, { HEADGATE_LOG_FORMAT: 'xml' })).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'headgate: unknown flag --htp-port, did you mean --http-port?',
        "headgate: --bind: 'localhost' is not an IPv4 or IPv6 address of this machine",
        "headgate: --workers: 'x' is not a whole number of workers from 0 to 1024",
        "headgate: HEADGATE_LOG_FORMAT: 'xml' is not one of json, text",
        'headgate: --manifests and --kubeconfig exclude each other: objects come from one place',
        '',
      ].join('\n'),
    })
  })

  it('names every folder that is not there', async () => {
    expect(await runHeadgate(['serve', '--manifests=/no/such/a', '--manifests=/no/such/b'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'headgate: --manifests: there is no /no/such/a\nheadgate: --manifests: there is no /no/such/b\n',
    })
  })

  it('names a kubeconfig that is not there', async () => {
    const { code, stderr } = await runHeadgate(['serve', '--kubeconfig=/no/such/file'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'headgate: --kubeconfig: there is no /no/such/file\n' })
  })

  it('explains every flag with its default and variable', async () => {
    const { code, stdout } = await runHeadgate(['serve', '--help'])
    expect(code).toBe(0)
    const words = stdout.replace(/\s+/g, ' ')
    for (const flag of flagList) {
      const value = flag.placeholder === undefined ? `--[no-]${flag.name}` : `--${flag.name} <${flag.placeholder}>`
      expect(words).toContain(`${value} ${flag.help}`)
      expect(words).toContain(`(default: ${flag.defaultText}; ${variableOf(flag)})`)
    }
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('names its subcommands', async () => {
    const { code, stdout } = await runHeadgate(['help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/serve[\s\S]*start[\s\S]*demo[\s\S]*version[\s\S]*help/)
  })

  it('prints its version', async () => {
    expect((await runHeadgate(['version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await runHeadgate(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it.each([
    ['srve', "error: unknown command 'srve'\n(Did you mean serve?)\n"],
    ['--verbose', "error: unknown option '--verbose'\n"],
  ])('does not know %s, says so and exits with 2', async (word, stderr) => {
    expect(await runHeadgate([word])).toEqual({ code: 2, stdout: '', stderr })
  })

  it('without a subcommand prints the help and exits with 2', async () => {
    const { code, stderr } = await runHeadgate([])
    expect(code).toBe(2)
    expect(stderr).toContain('Usage: headgate')
  })
})
