import type { Headgate } from './headgate.ts'
import { waitFor } from './wait-for.ts'

/** Value of a metric without labels, as the admin listener gives it. */
async function gauge(headgate: Headgate, name: string): Promise<number> {
  const line = new RegExp(`^${name} (\\S+)$`, 'm').exec(await headgate.page('/metrics'))
  if (line === null) throw new Error(`no metric ${name}`)
  return Number(line[1])
}

/** Resolves when no request, connection or tunnel is left; fails where one is kept, or counted below zero. */
export async function untilNothingIsOpen(headgate: Headgate): Promise<void> {
  await waitFor(async () => {
    const names = ['headgate_requests_in_flight', 'headgate_connections', 'headgate_tunnels']
    const values = await Promise.all(names.map((name) => gauge(headgate, name)))
    return values.every((value) => value === 0)
  })
}
