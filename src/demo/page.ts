import type { IncomingHttpHeaders } from 'node:http'

export type Answer = {
  /** Which app and which of its pods: `shop-1`. */
  readonly pod: string
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** For curl. */
export function formatText(answer: Answer): string {
  return `${answer.pod} answers ${answer.method} ${answer.path} for ${answer.headers.host}\n`
}

/** For a browser: who answered, what it was asked, and whether a WebSocket comes through. */
export function formatPage(answer: Answer): string {
  const color = `hsl(${hueOf(answer.pod)} 60% 40%)`
  const rows = Object.entries(answer.headers)
    .map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(String(value))}</td></tr>`)
    .join('\n')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(answer.pod)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 48rem; padding: 2rem 1rem }
  h1 { color: ${color}; margin: 0 }
  table { border-collapse: collapse; font: 13px/1.6 ui-monospace, monospace }
  th { font-weight: normal; opacity: .6; padding-right: 1rem; text-align: left; vertical-align: top; white-space: nowrap }
  td { overflow-wrap: anywhere }
</style>
<h1>${escapeHtml(answer.pod)}</h1>
<p>answers <code>${escapeHtml(answer.method)} ${escapeHtml(answer.path)}</code>. Reload to see the next pod, if there is one.</p>
<p id="socket"></p>
<p>What the app was sent:</p>
<table>
${rows}
</table>
<script>
  const shown = document.getElementById('socket')
  const socket = new WebSocket(location.href.replace(/^http/, 'ws'))
  socket.onopen = () => socket.send('hello')
  socket.onmessage = (event) => { shown.textContent = 'WebSocket: sent hello, got ' + event.data; socket.close() }
  socket.onerror = () => { shown.textContent = 'WebSocket: failed' }
</script>
</html>
`
}

function hueOf(pod: string): number {
  let hue = 0
  for (const letter of pod) hue = (hue * 31 + letter.charCodeAt(0)) % 360
  return hue
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
