import { closestName } from './closest.ts'
import { type Flag, flagList, variableOf } from './flags.ts'

/** The texts given for one flag, before anybody has judged them. */
type Given = {
  /** As the user knows it: `--http-port` or `HEADGATE_HTTP_PORT`. */
  readonly origin: string
  readonly texts: readonly string[]
}

/** By name of the flag. A flag that is not given is not in it. */
export type GivenFlags = ReadonlyMap<string, Given>

export type Environment = Readonly<Record<string, string | undefined>>

const byName = new Map(flagList.map((flag) => [flag.name, flag]))

/** `--flag value`, `--flag=value`; for those that are on or off `--flag`, `--flag=false`, `--no-flag`. */
export function readArguments(argv: readonly string[]): { given: GivenFlags; mistakes: readonly string[] } {
  const given = new Map<string, Given & { texts: string[] }>()
  const mistakes: string[] = []
  for (let index = 0; index < argv.length; ) {
    const reading = readWords(argv[index] ?? '', argv[index + 1])
    index += reading.words
    if ('mistake' in reading) {
      mistakes.push(reading.mistake)
      continue
    }
    const { flag, value } = reading
    const texts = given.get(flag.name)?.texts ?? []
    texts.push(...(flag.splitsAtCommas ? splitAtCommas(value) : [value]))
    given.set(flag.name, { origin: `--${flag.name}`, texts })
  }
  return { given, mistakes }
}

/** `words`: how many of the two were read. */
type Reading =
  | { readonly flag: Flag<unknown>; readonly value: string; readonly words: 1 | 2 }
  | { readonly mistake: string; readonly words: 1 | 2 }

function readWords(word: string, next: string | undefined): Reading {
  if (!word.startsWith('--')) {
    const hint = word === 'true' || word === 'false' ? ', on or off is written --flag=true or --flag=false' : ''
    return { mistake: `${word}: not a flag${hint}`, words: 1 }
  }
  const { name, text } = splitWord(word)
  const flag = byName.get(name)
  const following = next?.startsWith('--') ? undefined : next
  if (flag === undefined) {
    const negated = name.startsWith('no-') ? byName.get(name.slice(3)) : undefined
    if (negated !== undefined && negated.placeholder === undefined && text === undefined) {
      return { flag: negated, value: 'false', words: 1 }
    }
    const meant = closestName(name, [...byName.keys()])
    const mistake = `unknown flag --${name}${meant === undefined ? '' : `, did you mean --${meant}?`}`
    // What follows is most likely its value, and no second mistake.
    return { mistake, words: text === undefined && following !== undefined ? 2 : 1 }
  }
  if (text !== undefined) return { flag, value: text, words: 1 }
  if (flag.placeholder === undefined) return { flag, value: 'true', words: 1 }
  if (following === undefined) return { mistake: `--${name} needs a value: ${flag.placeholder}`, words: 1 }
  return { flag, value: following, words: 2 }
}

function splitWord(word: string): { name: string; text: string | undefined } {
  const end = word.indexOf('=')
  return end === -1 ? { name: word.slice(2), text: undefined } : { name: word.slice(2, end), text: word.slice(end + 1) }
}

function splitAtCommas(text: string): string[] {
  return text.split(',').map((part) => part.trim())
}

/** An empty variable counts as absent: that is what a template without a value leaves behind. */
export function readEnvironment(env: Environment): { given: GivenFlags; mistakes: readonly string[] } {
  const given = new Map<string, Given>()
  const mistakes: string[] = []
  const variables = new Map(flagList.map((flag) => [variableOf(flag), flag]))
  for (const [origin, text = ''] of Object.entries(env)) {
    if (!origin.startsWith('HEADGATE_') || text === '' || isServiceLink(origin, text)) continue
    const flag = variables.get(origin)
    if (flag !== undefined) {
      given.set(flag.name, { origin, texts: flag.repeatable ? splitAtCommas(text) : [text] })
      continue
    }
    // Others may use the prefix for things of their own: only what looks like one of ours is a mistake.
    const meant = closestName(origin, [...variables.keys()])
    if (meant !== undefined) mistakes.push(`unknown variable ${origin}, did you mean ${meant}?`)
  }
  return { given, mistakes }
}

/**
 * The kubelet describes each Service of the namespace in variables: a Service headgate-http becomes
 * HEADGATE_HTTP_PORT=tcp://10.0.0.1:80 (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
 */
function isServiceLink(name: string, text: string): boolean {
  if (/^(tcp|udp|sctp):\/\//.test(text)) return true
  return /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)
}
