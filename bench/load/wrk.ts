import { fileURLToPath } from 'node:url'
import { versionOf } from '../support/version-of.ts'
import { type ClosedLoop, type ClosedLoopGenerator, host, urlOf } from './load.ts'
import { runOn } from './run.ts'

const script = fileURLToPath(new URL('wrk.lua', import.meta.url))

export function wrk(): ClosedLoopGenerator {
  return {
    name: 'wrk',
    version: versionOf(['wrk', '-v'], /wrk \S*?(\d\S*)/),
    canConnectEachTime: true,
    async run(load) {
      const stdout = await runOn(load.cores, [
        'wrk',
        ...options(load),
        urlOf(load.target),
        '--',
        ...scriptArguments(load),
      ])
      return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    },
  }
}

function options({ seconds, connections, threads, connectEachTime, hosts }: ClosedLoop): readonly string[] {
  return [
    ...[`-t${Math.min(threads, connections)}`, `-c${connections}`, `-d${Math.ceil(seconds)}s`, '-s', script],
    ...(hosts === undefined ? ['-H', `Host: ${host}`] : []),
    ...(connectEachTime ? ['-H', 'Connection: close'] : []),
  ]
}

function scriptArguments({ uploadBytes, hosts }: ClosedLoop): readonly string[] {
  if (uploadBytes !== undefined) return ['upload', String(uploadBytes)]
  return hosts === undefined ? [] : ['hosts', ...hosts]
}
