import { appendFile, readFile, stat } from 'node:fs/promises'
import { at, isFields } from '../../manifests/object.ts'
import { type AccessRule, fits, ruleCells } from './access-rules.ts'
import type { Bed } from './bed.ts'

/** One answered request, from the audit log: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/ */
export type AuditEvent = {
  readonly atMs: number
  /** `system:serviceaccount:headgate:headgate` */
  readonly user: string
  readonly verb: string
  readonly apiGroup: string
  /** With its subresource: `ingresses/status`. */
  readonly resource: string
  /** Empty: of all namespaces, or of none. */
  readonly namespace: string
  /** Also of a list or watch of one object; empty: of all. */
  readonly name: string
  readonly isAllowed: boolean
  /** What the authorizer says of its decision. */
  readonly reason: string
}

/** Answers of other stages than the first one; the last line may not be written in full. */
export function parseAuditLog(text: string): readonly AuditEvent[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    if (line === '') return []
    try {
      return readEvent(JSON.parse(line))
    } catch (error) {
      if (index === lines.length - 1) return []
      throw error
    }
  })
}

function readEvent(event: unknown): readonly AuditEvent[] {
  const decision = annotation(event, 'decision')
  const subresource = text(event, 'objectRef.subresource')
  // Without a decision: requests that nobody was authenticated for.
  if (text(event, 'stage') === 'RequestReceived' || decision === '') return []
  return [
    {
      atMs: Date.parse(text(event, 'requestReceivedTimestamp')),
      user: text(event, 'user.username'),
      verb: text(event, 'verb'),
      apiGroup: text(event, 'objectRef.apiGroup'),
      resource: text(event, 'objectRef.resource') + (subresource === '' ? '' : `/${subresource}`),
      namespace: text(event, 'objectRef.namespace'),
      name: text(event, 'objectRef.name'),
      isAllowed: decision === 'allow',
      reason: annotation(event, 'reason'),
    },
  ]
}

/** Each refused request once, and each verb on each resource that a rule allows and nobody asked for. */
export function compareAccess(
  events: readonly AuditEvent[],
  rules: readonly AccessRule[],
): { readonly refused: readonly string[]; readonly unused: readonly string[] } {
  const allowed = events.filter(({ isAllowed }) => isAllowed)
  const cells = rules.flatMap(ruleCells).filter((cell) => !allowed.some((event) => fits(event, cell)))
  return {
    refused: distinct(events.filter(({ isAllowed }) => !isAllowed).map(describeEvent)),
    unused: distinct(
      cells.map(({ from, verb, apiGroup, resource, name }) =>
        `${from}: ${verb} ${apiGroup}/${resource} ${name ?? ''}`.trim(),
      ),
    ),
  }
}

/** A busy API server takes a moment to hear of a Role that was applied just before the pod that uses it. */
const grantedLateMs = 10_000

/**
 * Requests that were refused for no reason of the test. What the same account might do before was taken away from it: by a test
 * that does so, by the end of its namespace, or by an API server that has just started and has not read its Roles yet. What it may
 * do right after was granted to it.
 */
export function findRefused(events: readonly AuditEvent[], expected: readonly Period[] = []): readonly string[] {
  const firstAllowedAt = new Map<string, number>()
  for (const event of events) {
    if (!event.isAllowed) continue
    const what = askedFor(event)
    firstAllowedAt.set(what, Math.min(firstAllowedAt.get(what) ?? event.atMs, event.atMs))
  }
  const refused = events.filter((event) => {
    const { atMs, isAllowed } = event
    if (isAllowed || expected.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs)) return false
    return (firstAllowedAt.get(askedFor(event)) ?? Number.POSITIVE_INFINITY) > atMs + grantedLateMs
  })
  return distinct(refused.map(describeEvent))
}

function askedFor({ user, verb, apiGroup, resource, namespace, name }: AuditEvent): string {
  // A right to one Secret says nothing of another; what else Headgate names, it names by the rules of our manifests.
  return [user, verb, apiGroup, resource, namespace, resource === 'secrets' ? name : ''].join(' ')
}

type Period = { readonly fromMs: number; readonly toMs: number }

export function isHeadgate({ user }: AuditEvent): boolean {
  return /^system:serviceaccount:[^:]+:headgate$/.test(user)
}

/** Where the log ends now: what comes later is from later requests, as a request is in the log before it is answered. */
export async function auditPosition({ auditLog }: Bed): Promise<number> {
  return (await stat(auditLog)).size
}

export async function readAuditLog({ auditLog }: Bed, from = 0): Promise<readonly AuditEvent[]> {
  return parseAuditLog((await readFile(auditLog)).subarray(from).toString())
}

/** At the end of a run, whatever its tests looked at. @throws where any Headgate in the bed was refused what it asked for. */
export async function expectNothingRefused(bed: Bed, from: number): Promise<void> {
  const refused = findRefused((await readAuditLog(bed, from)).filter(isHeadgate), await expectedPeriods(bed))
  if (refused.length > 0) throw new Error(`requests of Headgate that the API server refused:\n${refused.join('\n')}`)
}

/** While this goes on, requests may be refused: it gives Headgate less than our manifests do. */
export async function whileRefused<T>(bed: Bed, work: () => Promise<T>): Promise<T> {
  const fromMs = Date.now()
  try {
    return await work()
  } finally {
    const period: Period = { fromMs, toMs: Date.now() }
    await appendFile(periodsFile(bed), `${JSON.stringify(period)}\n`)
  }
}

async function expectedPeriods(bed: Bed): Promise<readonly Period[]> {
  const lines = await readFile(periodsFile(bed), 'utf8').catch(() => '')
  return lines.split('\n').flatMap((line) => (line === '' ? [] : [readPeriod(JSON.parse(line))]))
}

function readPeriod(period: unknown): Period {
  return { fromMs: Number(at(period, 'fromMs')), toMs: Number(at(period, 'toMs')) }
}

/** Beside the log, so that it goes with the bed. */
function periodsFile({ auditLog }: Bed): string {
  return `${auditLog}.refused`
}

function describeEvent({ user, verb, apiGroup, resource, namespace, name, reason }: AuditEvent): string {
  const where = [namespace, name].filter((part) => part !== '').join('/')
  return `${user}: ${verb} ${apiGroup}/${resource}${where === '' ? '' : ` ${where}`}${reason === '' ? '' : ` (${reason})`}`
}

function annotation(event: unknown, name: string): string {
  const annotations: unknown = at(event, 'annotations')
  const value = isFields(annotations) ? annotations[`authorization.k8s.io/${name}`] : undefined
  return typeof value === 'string' ? value : ''
}

function text(event: unknown, path: string): string {
  const value = at(event, path)
  return typeof value === 'string' ? value : ''
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort()
}
