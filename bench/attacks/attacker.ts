import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { attackers, type Outcome } from './attackers.ts'

// `node attacker.ts NAME PORT SECONDS`: some connections of one attacker, each opened again soon after it was cut off. Prints what became of them.
const [, , name, port, seconds] = process.argv
// An attacker does not live on the machine that he attacks: he is not to take its cores as well.
setPriority(19)
const connections = 4
const againMs = 250
const untilMs = performance.now() + Number(seconds) * 1_000
const attacker = attackers.find((one) => one.name === name)
if (attacker === undefined) throw new Error(`no attacker ${name}`)
const where = { port: Number(port), isTls: true }
const outcomes: Outcome[] = []
let failures = 0

async function repeat(): Promise<void> {
  while (performance.now() < untilMs) {
    try {
      outcomes.push(await (attacker?.attack(where, untilMs) ?? Promise.reject(new Error('nobody'))))
    } catch {
      // Cut off while it was connecting, or before it was answered.
      failures++
    }
    await sleep(againMs)
  }
}

await Promise.all(Array.from({ length: connections }, repeat))
const cut = outcomes.filter(({ isCut }) => isCut)
const steps = cut.map((one) => one.steps).toSorted((a, b) => a - b)
const report = {
  connections: outcomes.length + failures,
  cut: cut.length + failures,
  steps: steps[steps.length >> 1] ?? 0,
  sent: outcomes.reduce((sum, one) => sum + one.steps, 0),
  codes: [...new Set(outcomes.map(({ code }) => code))].filter((code) => code !== undefined),
}
process.stdout.write(`${JSON.stringify(report)}\n`)
process.exit()
