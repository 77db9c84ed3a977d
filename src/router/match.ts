import type { Question, Route, RoutingTable } from './table.ts'
import { walk } from './walk.ts'

/** The hot path: no allocation on a miss or on a hit without conditions. `undefined`: nobody serves this, 404. */
export function match(table: RoutingTable, question: Question): Route | undefined {
  return walk(table, question)
}
