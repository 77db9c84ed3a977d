import type { Settings } from '../router/table.ts'

/** Longer than an endpoint may be silent, so that its 504 comes first. */
const marginMs = 15_000

/** How long a client may neither send nor take a byte while an exchange is under way; then it is cut, and the endpoint freed. */
export function stallTimeoutMs({ readTimeoutMs, sendTimeoutMs }: Settings): number {
  return Math.max(readTimeoutMs, sendTimeoutMs) + marginMs
}
