/** One function on a stack, whoever sampled it. */
export type Frame = {
  readonly name: string
  /** Of JavaScript: `src/proxy/forward.ts`, `node:net`, `node_modules/undici/lib/…`; else the library or program. */
  readonly file: string
  readonly kind: 'kernel' | 'native' | 'javascript'
}

/** Frames of one sample: the one that ran first, its callers after it. */
export type Stack = readonly Frame[]

const repository = new URL('../../', import.meta.url)

/** Without the folders of this machine. */
export function shortFile(url: string): string {
  const path = url.startsWith('file://') ? decodeURIComponent(new URL(url).pathname) : url
  const modules = path.lastIndexOf('/node_modules/')
  if (modules >= 0) return path.slice(modules + 1)
  return path.startsWith(repository.pathname) ? path.slice(repository.pathname.length) : path
}
