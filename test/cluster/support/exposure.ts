import { expect } from 'vitest'
import type { Bed } from './bed.ts'
import { appHost } from './exposed-app.ts'
import { inSeconds, type MeasuredRow } from './measured.ts'
import { applyOverlay, type OverlayOptions, removePods, rolledOut } from './overlay.ts'
import { type Attempt, type Probe, startProbe } from './probe.ts'
import { whoIs } from './who-is.ts'

/** A way from the client outside to Headgate. */
export type Way = {
  readonly name: string
  readonly overlay: OverlayOptions
  /** URLs that the client asks, by name; what the first of them shows is what the table says. */
  readonly urls: Readonly<Record<string, string>>
  /** What stands in front of the cluster does its part, once the objects are there. */
  readonly inFront?: () => Promise<void>
  /** The node that takes the client's packets is cut off: what then? In few words, for the table. */
  readonly whenNodeDies: (probe: Probe, cutAt: number) => Promise<string>
}

/** The node that dies: the one that the first URL leads to. */
export const entryNode = 'n1'

/** Deploys Headgate by this way only, and looks. */
export async function tryWay(bed: Bed, way: Way): Promise<MeasuredRow> {
  await removePods(bed)
  const targets = Object.entries(way.urls).map(([name, url]) => ({ name, url, host: appHost }))
  const probe = startProbe(bed, targets)
  try {
    const appliedAt = Date.now()
    await applyOverlay(bed, way.overlay)
    await way.inFront?.()
    const [first, ...others] = await Promise.all(targets.map(({ name }) => probe.answered(name, appliedAt, 60)))
    if (first === undefined) throw new Error(`${way.name}: no URL`)
    await rolledOut(bed)
    const settledAt = Date.now()
    const seen = await Promise.all([first, ...others].map(({ target }) => nextAnswers(probe, target, settledAt, 5)))
    const who = await whoIs(bed)
    const names = (pick: (attempt: Attempt) => string | undefined): string =>
      [...new Set(seen.flat().map((attempt) => who(pick(attempt) ?? '')))].join(' or ')
    const whenNodeDies = await cutOffWhile(bed, probe, way)
    return {
      way: way.name,
      facts: {
        'Headgate sees': names(({ seen }) => seen?.forwardedFor),
        'the app sees': names(({ seen }) => seen?.peer),
      },
      measures: {
        'first answer after': inSeconds(first.endedAt - appliedAt),
        'when the node dies that was asked': whenNodeDies,
      },
    }
  } finally {
    probe.stop()
  }
}

async function cutOffWhile(bed: Bed, probe: Probe, way: Way): Promise<string> {
  const cutAt = Date.now()
  await bed.cutOff(entryNode)
  try {
    return await way.whenNodeDies(probe, cutAt)
  } finally {
    await bed.rejoin(entryNode)
    await bed.kubectl(['wait', '--for=condition=Ready', `node/${entryNode}`, '--timeout=60s'])
  }
}

/** The first answers to attempts that began after `since`, every one of them answered. */
export async function nextAnswers(
  probe: Probe,
  target: string,
  since: number,
  count: number,
): Promise<readonly Attempt[]> {
  let after = since
  const found: Attempt[] = []
  while (found.length < count) {
    const attempt = await probe.first(after, (one) => one.target === target)
    expect(attempt.error).toBeUndefined()
    found.push(attempt)
    after = attempt.startedAt + 1
  }
  return found
}
