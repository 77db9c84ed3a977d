// https://www.w3.org/TR/trace-context-1/: we start no traces and add nothing to them, so what is well formed passes as it is.

/** Version 00 is these four parts and no more; of a later one they come first (section 3.2.2). */
const versionZero = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/
const laterVersion = /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/

const noTrace = '0'.repeat(32)
const noParent = '0'.repeat(16)

export function isTraceparent(value: string): boolean {
  const [, trace, parent] = versionZero.exec(value) ?? laterVersion.exec(value) ?? []
  return trace !== undefined && trace !== noTrace && parent !== noParent
}

/** Without a traceparent that can be read, tracestate means nothing (section 3.3.1.1): both go. */
export function withoutTrace(lines: string): string {
  return lines.replace(/^(?:traceparent|tracestate): .*\r\n/gim, '')
}
