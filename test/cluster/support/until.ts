import { until as askUntil } from '../bed/run.ts'

/** Looks again until it is so; fails with what was waited for. For what neither an event nor `kubectl wait` announces. */
export function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  { seconds = 30, everyMs = 100 }: { readonly seconds?: number; readonly everyMs?: number } = {},
): Promise<T> {
  return askUntil(seconds, () => `not so: ${what}`, look, everyMs)
}
