import type { Bed } from './bed.ts'
import { appHost } from './exposed-app.ts'
import { inSeconds, type MeasuredRow } from './measured.ts'
import { applyOverlay, type OverlayOptions, removePods, rolledOut } from './overlay.ts'
import { type Answered, type Probe, type Seen, startProbe } from './probe.ts'
import { whoIs } from './who-is.ts'

/** A way from the client outside to Headgate. */
export type Way = {
  readonly name: string
  readonly overlay: OverlayOptions
  /** The pods of the way before stay; only the Service changes. */
  readonly keepsPods: boolean
  /** The node that takes the client's packets, and dies. Not that of the way before: it may not have caught up yet. */
  readonly entry: string | (() => Promise<string>)
  /** URLs that the client asks, by name. */
  readonly urls: Readonly<Record<string, string>>
  /** What stands in front of the cluster does its part, once the objects are there. */
  readonly inFront?: () => Promise<void>
  /** The node that takes the client's packets is cut off: what then? In few words, for the table. */
  readonly whenNodeDies: (probe: Probe, cutAt: number) => Promise<string>
}

type Deployment = Pick<Way, 'overlay' | 'keepsPods' | 'urls' | 'inFront'>

export type Exposed = {
  readonly firstAnswerMs: number
  /** Whose addresses were seen, in words that are the same in every run. */
  readonly facts: { readonly 'Headgate sees': string; readonly 'the app sees': string }
}

/** Deploys Headgate by this way only, and looks what becomes of the client's address. */
export async function deployWay(bed: Bed, way: Deployment): Promise<Exposed> {
  return withProbe(bed, way, (probe) => expose(bed, way, probe))
}

/** The same, and then the node dies. */
export async function tryWay(bed: Bed, way: Way): Promise<MeasuredRow> {
  return withProbe(bed, way, async (probe) => {
    const { firstAnswerMs, facts } = await expose(bed, way, probe)
    const entry = typeof way.entry === 'string' ? way.entry : await way.entry()
    return {
      way: way.name,
      facts,
      measures: {
        'first answer after': `${inSeconds(firstAnswerMs)}${way.keepsPods ? '' : ', pods started too'}`,
        'when the node dies that was asked': await cutOffWhile(bed, entry, (cutAt) => way.whenNodeDies(probe, cutAt)),
      },
    }
  })
}

async function withProbe<T>(bed: Bed, way: Deployment, use: (probe: Probe) => Promise<T>): Promise<T> {
  if (!way.keepsPods) await removePods(bed)
  const probe = startProbe(
    bed,
    Object.entries(way.urls).map(([name, url]) => ({ name, url, host: appHost })),
  )
  try {
    return await use(probe)
  } finally {
    probe.stop()
  }
}

async function expose(bed: Bed, way: Deployment, probe: Probe): Promise<Exposed> {
  const targets = Object.keys(way.urls)
  const appliedAt = Date.now()
  await applyOverlay(bed, way.overlay)
  await way.inFront?.()
  const first = await Promise.all(targets.map((target) => probe.answered(target, appliedAt, 60)))
  const firstAnswerMs = Math.max(...first.map(({ endedAt }) => endedAt)) - appliedAt
  await rolledOut(bed)
  const settledAt = Date.now()
  const seen = (await Promise.all(targets.map((target) => nextAnswers(probe, target, settledAt, 5)))).flat()
  const who = await whoIs(bed)
  const names = (pick: (seen: Seen) => string): string =>
    [...new Set(seen.map((answer) => who(pick(answer.seen))))].join(' or ')
  return {
    firstAnswerMs,
    facts: {
      'Headgate sees': names(({ forwardedFor }) => forwardedFor),
      'the app sees': names(({ peer }) => peer),
    },
  }
}

/** `use` gets the moment from which on nothing reaches the node. */
async function cutOffWhile<T>(bed: Bed, node: string, use: (cutAt: number) => Promise<T>): Promise<T> {
  await bed.cutOff(node)
  try {
    return await use(Date.now())
  } finally {
    await bed.rejoin(node)
    await bed.kubectl(['wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s'])
  }
}

/** The first answers to attempts that began after `since`. */
async function nextAnswers(probe: Probe, target: string, since: number, count: number): Promise<readonly Answered[]> {
  const found: Answered[] = []
  while (found.length < count) found.push(await probe.answered(target, (found.at(-1)?.startedAt ?? since) + 1))
  return found
}
