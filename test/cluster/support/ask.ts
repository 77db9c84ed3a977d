import { join } from 'node:path'
import type { Bed } from './bed.ts'
import { succeeded } from './client-routes.ts'

export type Asked = {
  /** Where the connection goes. */
  readonly url: string
  /** In the request, and in the TLS handshake. */
  readonly host: string
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Heard = {
  readonly status: number
  readonly protocol: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The certificate that was shown, where there was one. */
  readonly certificateNames?: string
  readonly fitsHost?: boolean
}

/** The client outside sends these one after another, each on a connection of its own. */
export async function askAll(bed: Bed, asked: readonly Asked[]): Promise<readonly Heard[]> {
  const program = join(import.meta.dirname, '../client/ask.ts')
  const heard: readonly Heard[] = JSON.parse(
    succeeded(await bed.runAsClient(process.execPath, [program, JSON.stringify(asked)])),
  )
  return heard
}
