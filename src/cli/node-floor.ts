/** The first releases of each line with the fixes of 2026-11-11: nine high entries in http, http2 and tls (SECURITY.md). */
const floors: Readonly<Record<number, readonly [minor: number, patch: number]>> = { 24: [22, 3], 26: [13, 1] }

/** The release that this one should be replaced with; undefined where it is new enough, or of a line we know nothing of. */
export function saferNode(version: string): string | undefined {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, '').split('.').map(Number)
  const floor = floors[major]
  if (floor === undefined || minor > floor[0] || (minor === floor[0] && patch >= floor[1])) return undefined
  return `${major}.${floor.join('.')}`
}
