import type { ObjectRef, Problem, ProblemReason } from '../problem.ts'

/** Collects the problems of one object. */
export class Reports {
  readonly problems: Problem[] = []
  readonly #object: ObjectRef

  constructor(object: ObjectRef) {
    this.#object = object
  }

  add(reason: ProblemReason, field: string, message: string, instead: string): void {
    this.problems.push({ object: this.#object, field, reason, message, instead })
  }
}
