/** One row of a micro benchmark. What is timed is `run`, called with 0, 1, 2, … for a case that takes its inputs from a list. */
export type Case = { readonly name: string; run(at: number): unknown }

/** What each file of this folder that measures something exports as `cases`: made by the process that runs them, and by no other. */
export type Cases = () => readonly Case[]
