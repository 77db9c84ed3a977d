import type { Flag } from './flags.ts'
import type { GivenFlags } from './given.ts'

/** Turns the texts that were given into values, and keeps what is wrong with them. */
export type Reader = {
  one<T>(flag: Flag<T>): T | undefined
  oneOrDefault<T>(flag: Flag<T>): T
  /** Empty if nothing was given. */
  many<T>(flag: Flag<T>): readonly T[]
  manyOrDefault<T>(flag: Flag<T>): readonly T[]
  readonly mistakes: readonly string[]
  /** Names of the flags whose value is wrong: nothing can be concluded from them. */
  readonly failed: ReadonlySet<string>
}

export function createReader(given: GivenFlags): Reader {
  const mistakes: string[] = []
  const failed = new Set<string>()

  function many<T>(flag: Flag<T>): readonly T[] {
    const { origin, texts } = given.get(flag.name) ?? { origin: '', texts: [] }
    const distinct = [...new Set(texts)]
    if (!flag.repeatable && distinct.length > 1)
      fail(flag.name, `${origin} is given more than once: ${distinct.join(', ')}`)
    const values: T[] = []
    for (const text of distinct) {
      const parsed = flag.parse(text)
      if ('value' in parsed) values.push(parsed.value)
      else fail(flag.name, `${origin}: '${text}' is not ${parsed.expected}`)
    }
    return values
  }

  function manyOrDefault<T>(flag: Flag<T>): readonly T[] {
    const values = many(flag)
    return values.length > 0 ? values : [defaultOf(flag)]
  }

  function fail(name: string, mistake: string): void {
    failed.add(name)
    mistakes.push(mistake)
  }

  return {
    one: (flag) => many(flag)[0],
    oneOrDefault(flag) {
      // Not `?? default`: undefined is a value of its own where a port can be off.
      for (const value of many(flag)) return value
      return defaultOf(flag)
    },
    many,
    manyOrDefault,
    mistakes,
    failed,
  }
}

function defaultOf<T>(flag: Flag<T>): T {
  const parsed = flag.parse(flag.defaultText)
  if ('value' in parsed) return parsed.value
  throw new Error(`the default of --${flag.name} is not ${parsed.expected}`)
}
