import {
  bridge,
  type Category,
  collector,
  compiler,
  fileRules,
  firstFitting,
  libraryRules,
  servant,
  symbolRules,
} from './categories.ts'
import type { Frame, Stack } from './stack.ts'

/** Parts of the whole, which is 1. */
export type Shares = ReadonlyMap<Category, number>

type Charge = { readonly category: Category; readonly isJavaScript: boolean }

export function sharesOf(stacks: readonly Stack[]): Shares {
  return sharesOfCharges(stacks.map(chargeOf))
}

function sharesOfCharges(charges: readonly Charge[], whole = charges.length): Shares {
  if (whole === 0) return new Map([['below', 1]])
  const groups = Map.groupBy(charges, ({ category }) => category)
  return new Map([...groups].map(([category, group]) => [category, group.length / whole]))
}

/**
 * perf tells native code apart, and JavaScript as a whole; V8's profiler tells the functions of JavaScript apart, those that were
 * inlined into others too. So the one is divided in the ratio of the other.
 */
export function sharesOfBoth(fromPerf: readonly Stack[], fromV8: readonly Stack[]): Shares {
  const charges = fromPerf.map(chargeOf)
  const shares = new Map(
    sharesOfCharges(
      charges.filter(({ isJavaScript }) => !isJavaScript),
      charges.length,
    ),
  )
  const javaScript = charges.filter(({ isJavaScript }) => isJavaScript).length / charges.length
  const divided =
    javaScript === 0 ? [] : sharesOfCharges(fromV8.map(chargeOf).filter(({ isJavaScript }) => isJavaScript))
  for (const [category, share] of divided) {
    shares.set(category, (shares.get(category) ?? 0) + share * javaScript)
  }
  return shares
}

/** Who a sample is charged to: the function that ran, or the next above it that does not merely work for its caller. */
function chargeOf(stack: Stack): Charge {
  if (stack.some((frame) => isNative(frame, collector))) return { category: 'gc', isJavaScript: false }
  if (stack.some((frame) => isNative(frame, compiler))) return { category: 'v8', isJavaScript: false }
  for (const frame of stack) {
    const category = categoryOf(frame)
    if (category !== undefined) return { category, isJavaScript: frame.kind === 'javascript' }
  }
  return { category: 'v8', isJavaScript: false }
}

/** `undefined`: it works for its caller. */
export function categoryOf(frame: Frame): Category | undefined {
  const { kind, name, file } = frame
  if (kind === 'kernel') return 'kernel'
  if (kind === 'javascript') return firstFitting(fileRules, file)
  if (isNative(frame, collector)) return 'gc'
  if (isNative(frame, compiler)) return 'v8'
  // V8's profiler sees that something native runs, and not what.
  if (file === 'V8') return 'below'
  const library = firstFitting(libraryRules, file)
  if (library !== undefined) return library
  if (bridge.test(name)) return 'native'
  if (file !== 'node' || servant.test(name)) return undefined
  return firstFitting(symbolRules, name) ?? 'native'
}

function isNative({ kind, name }: Frame, pattern: RegExp): boolean {
  return kind === 'native' && pattern.test(name)
}
