import { OutcomeEntry } from './access-log-outcome.ts'
import type { ProxyState } from './proxy-state.ts'
import type { RequestOutcome } from './request-outcome.ts'

/** The one place where requests are counted and logged, whatever lane they came by and however they ended. */
export function finishRequest({ counters, accessLog }: ProxyState, outcome: RequestOutcome): void {
  const { lane, request, route, status, startedAt } = outcome
  const seconds = (performance.now() - startedAt) / 1000
  counters.requestsByLane[lane]++
  counters.countRequest(route, request.method, status, seconds)
  if (accessLog !== undefined) accessLog.write(new OutcomeEntry(outcome, seconds))
}
