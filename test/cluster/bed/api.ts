import { Agent, request } from 'undici'
import type { ApiAnswer } from '../support/bed.ts'
import { apiSocket } from './control-plane.ts'

/** The API server of a bed as cluster admin. */
export type Api = {
  request(method: string, path: string, body?: unknown): Promise<ApiAnswer>
  close(): Promise<void>
}

export function openApi(folder: string): Api {
  const agent = new Agent({ connect: { socketPath: apiSocket(folder) }, connections: 64 })
  return {
    async request(method, path, body) {
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const answer = await request(`http://localhost${path}`, {
        method,
        dispatcher: agent,
        headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': contentType }) },
        body: body === undefined ? null : JSON.stringify(body),
      })
      return { status: answer.statusCode, body: parse(await answer.body.text()) }
    },
    close: () => agent.close(),
  }
}

// /readyz and refusals of the socket's own are plain text.
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** False too while nobody answers. */
export async function isReady(api: Api): Promise<boolean> {
  const answer = await api.request('GET', '/readyz').catch(() => undefined)
  return answer?.status === 200
}
