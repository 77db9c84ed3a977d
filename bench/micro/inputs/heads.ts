type FieldList = readonly string[]

const curl: FieldList = ['Host', 'shop.example.com', 'User-Agent', 'curl/8.9.1', 'Accept', '*/*']

/** 15 fields, as a browser sends them with an XHR. */
const browser: FieldList = [
  ...['Host', 'shop.example.com', 'Connection', 'keep-alive', 'Cache-Control', 'max-age=0'],
  ...[
    'sec-ch-ua',
    '"Chromium";v="140", "Not=A?Brand";v="24"',
    'sec-ch-ua-mobile',
    '?0',
    'sec-ch-ua-platform',
    '"Linux"',
  ],
  ...[
    'User-Agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  ],
  ...['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8'],
  ...['Sec-Fetch-Site', 'same-origin', 'Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Dest', 'empty'],
  ...['Referer', 'https://shop.example.com/products/1', 'Accept-Encoding', 'gzip, deflate, br, zstd'],
  ...[
    'Accept-Language',
    'en-GB,en;q=0.9,de;q=0.8',
    'Cookie',
    `session=${'0123456789abcdef'.repeat(4)}; theme=dark; cart=17`,
  ],
]

/** From a client that came through another proxy, or would like to look like it. */
const forwarded: FieldList = [
  ...curl,
  ...['X-Forwarded-For', '203.0.113.7, 10.0.0.1', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'shop.example.com'],
  ...['X-Real-IP', '203.0.113.7', 'X-Request-ID', '0123456789abcdef0123456789abcdef', 'Forwarded', 'for=203.0.113.7'],
]

const nominating: FieldList = [...curl, 'Connection', 'close, X-Debug', 'X-Debug', '1', 'TE', 'trailers']

export const requestFields = {
  'curl, 3 fields': curl,
  'browser, 15 fields': browser,
  'X-Forwarded-* of its own': forwarded,
  'Connection names fields': nominating,
} as const

const json: FieldList = [
  ...['Content-Type', 'application/json', 'Content-Length', '109', 'Date', 'Sat, 21 Nov 2026 18:00:00 GMT'],
]

/** 14 fields, as a web application behind a framework sends them. */
const application: FieldList = [
  ...[
    'Date',
    'Sat, 21 Nov 2026 18:00:00 GMT',
    'Content-Type',
    'text/html; charset=utf-8',
    'Transfer-Encoding',
    'chunked',
  ],
  ...[
    'Connection',
    'keep-alive',
    'Keep-Alive',
    'timeout=5',
    'Cache-Control',
    'private, no-cache',
    'ETag',
    '"5f3c-17a9b2c4"',
  ],
  ...['Vary', 'Accept-Encoding, Cookie', 'X-Frame-Options', 'SAMEORIGIN', 'X-Content-Type-Options', 'nosniff'],
  ...['Strict-Transport-Security', 'max-age=31536000; includeSubDomains', 'Server', 'gunicorn'],
  ...['Set-Cookie', `session=${'0123456789abcdef'.repeat(4)}; Path=/; HttpOnly; Secure; SameSite=Lax`],
  ...['Content-Security-Policy', "default-src 'self'; img-src 'self' data: https://cdn.example.com; script-src 'self'"],
]

export const responseFields = { 'small, 3 fields': json, 'application, 14 fields': application } as const

/** A head as it comes from a socket. */
export function headText(startLine: string, fields: FieldList): string {
  let text = `${startLine}\r\n`
  for (let i = 0; i + 1 < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  return `${text}\r\n`
}
