import type { Entrant, Workload } from '../workloads/workload.ts'
import type { Instance, Instances } from './instances.ts'
import type { Sample } from './sample.ts'

/** What the rounds of one entrant gave: a sample, or why there is none. */
export type Outcome = { readonly entrant: Entrant; readonly rounds: readonly (Sample | string)[] }

export type RoundsOptions = {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  warmUp(instance: Instance, seconds: number): Promise<void>
  say(text: string): void
}

/** All entrants in turn, round after round, so that a noisy moment of the machine hits them alike. */
export async function runRounds(
  workload: Workload,
  instances: Instances,
  options: RoundsOptions,
): Promise<readonly Outcome[]> {
  const rounds = Math.min(options.rounds, workload.maxRounds)
  const seconds = Math.max(1, Math.round(options.seconds * workload.share))
  const outcomes = workload.entrants.map((entrant) => ({ entrant, rounds: [] as (Sample | string)[] }))
  if (!workload.isFresh) await prepare(workload, instances, options)
  for (let round = 1; round <= rounds; round++) {
    for (const { entrant, rounds: samples } of outcomes) {
      const sample = await sampleOf(workload, entrant, instances, seconds, options)
      samples.push(sample)
      options.say(`${workload.name} ${round}/${rounds} ${entrant.label}: ${describeSample(sample)}`)
      instances.emptyLogs()
    }
  }
  return outcomes
}

/** Starts what is not running yet, and lets each have two seconds of exactly what comes: compilers compile what they see. */
async function prepare(
  workload: Workload,
  instances: Instances,
  { warmUpSeconds, ...options }: RoundsOptions,
): Promise<void> {
  for (const entrant of workload.entrants) {
    try {
      const { isNew, instance } = await instances.get(entrant.peer, entrant.setup)
      if (isNew) await options.warmUp(instance, warmUpSeconds)
      await workload.measure(entrant, instance, 2)
    } catch (error) {
      options.say(`${workload.name}, warming up ${entrant.label}: ${describeError(error)}`)
    }
  }
}

/** A failure costs one sample, not a run of twenty minutes. */
async function sampleOf(
  workload: Workload,
  entrant: Entrant,
  instances: Instances,
  seconds: number,
  { warmUp, warmUpSeconds }: RoundsOptions,
): Promise<Sample | string> {
  try {
    if (workload.isFresh) await instances.stop(entrant.peer, entrant.setup)
    const { isNew, instance } = await instances.get(entrant.peer, entrant.setup)
    if (isNew) await warmUp(instance, Math.min(2, warmUpSeconds))
    const sample = await workload.measure(entrant, instance, seconds)
    instance.assertAlive()
    return sample
  } catch (error) {
    return describeError(error)
  }
}

function describeSample(sample: Sample | string): string {
  if (typeof sample === 'string') return sample
  const { user, system, requestsPerSecond, errors, busy } = sample
  const us = (user + system).toFixed(1)
  return `${us} us, ${requestsPerSecond.toFixed(0)}/s, ${errors} errors, ${(busy * 100).toFixed(0)} % busy`
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message.split('\n').slice(0, 2).join(' ').slice(0, 200)
}
