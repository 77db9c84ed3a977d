import type { Asked, AskedCase } from './asked.ts'
import { host } from './case.ts'

type Fields = Asked['fields']

const get = (name: string, fields: Fields): AskedCase => [
  `fields: ${name}`,
  { method: 'GET', target: '/', host, fields, body: '' },
]
const post = (name: string, fields: Fields, body = 'hello'): AskedCase => [
  `fields: ${name}`,
  { method: 'POST', target: '/form', host, fields: [['content-length', `${body.length}`], ...fields], body },
]

/** What an application might trust. */
const identity = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-real-ip',
  'x-scheme',
  'proxy',
  'x_real_ip',
  'x-real_ip',
  'x_forwarded_for',
  'content_length',
  'transfer_encoding',
]
const harmless = ['accept', 'referer', 'origin', 'range', 'if-none-match', 'via', 'user-agent', 'x-app', 'link', 'from']
const values = [
  '',
  'a b',
  'a\tb',
  'a, b',
  '"a"',
  'a;b=c',
  'a: b',
  '{"a":1}',
  '\xe4\xff',
  '\xa0',
  'a\xa0',
  '%0d%0a',
  'x'.repeat(9_000),
]
const wrongValues = ['a\x00b', 'a\x01b', 'a\x0bb', 'a\x1fb', 'a\x7fb']
const wrongNames = [
  'x app',
  'x(app)',
  'x/app',
  'x@app',
  'x[app]',
  'x\x01app',
  'x\x7fapp',
  'x\xe4pp',
  'x"app',
  'x,app',
  'x;app',
]
const lengths = ['0', '5', '005', '', '-5', '+5', '5.0', '5e0', '0x5', '5 5', '5, 5', '5,5', 'five', '9007199254740993']

export const fields: readonly AskedCase[] = [
  ...identity.map((name) => get(`made up: ${name}`, [[name, '6.6.6.6']])),
  ...harmless.map((name) => get(`kept: ${name}`, [[name, 'a, b']])),
  ...harmless.map((name) =>
    get(`kept twice: ${name}`, [
      [name, 'a'],
      ['x-between', '1'],
      [name, 'b'],
    ]),
  ),
  ...values.map((value) => get(`value ${JSON.stringify(value)}`, [['x-app', value]])),
  ...wrongValues.map((value) => get(`value ${JSON.stringify(value)}`, [['x-app', value]])),
  ...wrongNames.map((name) => get(`name ${JSON.stringify(name)}`, [[name, '1']])),
  ...[..."!#$%&'*+-.^_`|~9"].map((name) => get(`name ${name}`, [[name, '1']])),
  get('a request id', [['x-request-id', '4bf92f3577b34da6']]),
  get('a request id that harms', [['x-request-id', '$(reboot)']]),
  get('an empty request id', [['x-request-id', '']]),
  get('two request ids', [
    ['x-request-id', '4bf92f3577b34da6'],
    ['x-request-id', '4bf92f3577b34da7'],
  ]),
  get('the same request id twice', [
    ['x-request-id', '4bf92f3577b34da6'],
    ['x-request-id', '4bf92f3577b34da6'],
  ]),
  get('Authorization', [['authorization', 'Bearer abc']]),
  get('two Authorizations', [
    ['authorization', 'Bearer abc'],
    ['authorization', 'Bearer abd'],
  ]),
  get('Proxy-Authorization', [['proxy-authorization', 'Basic eA==']]),
  get('HTTP2-Settings', [['http2-settings', 'AAMAAABk']]),
  get('Trailer', [['trailer', 'x-sum']]),
  get('TE: trailers', [['te', 'trailers']]),
  get('one Cookie', [['cookie', 'a=1; b=2']]),
  get('an empty Cookie', [['cookie', '']]),
  get('two Cookies', [
    ['cookie', 'a=1'],
    ['x-between', '1'],
    ['cookie', 'b=2'],
  ]),
  get('a priority', [['priority', 'u=1, i']]),
  get('Upgrade-Insecure-Requests', [['upgrade-insecure-requests', '1']]),
  get('Sec-WebSocket-Key', [
    ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['sec-websocket-version', '13'],
  ]),
  get('Max-Forwards', [['max-forwards', '0']]),
  get('names of Object', [
    ['__proto__', '1'],
    ['constructor', '2'],
    ['tostring', '3'],
  ]),
  post('Expect', [['expect', '100-continue']]),
  post('Expect in upper case', [['expect', '100-CONTINUE']]),
  post('another expectation', [['expect', 'tea']]),
  post('an empty expectation', [['expect', '']]),
  post('a body', []),
  post('a body of nothing', [], ''),
  post('a body of 60 KB', [], 'b'.repeat(60_000)),
  post('a body of every byte', [], Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')),
  post('a body that looks like a request', [], 'GET /admin HTTP/1.1\r\nHost: other.example.com\r\n\r\n'),
  get('a length of nothing for a GET', [['content-length', '0']]),
  ...[50, 90, 96, 97, 98, 99, 100, 101, 150].map((count) =>
    get(
      `${count} fields`,
      Array.from({ length: count }, (_, i) => [`x-${i}`, '1'] as const),
    ),
  ),
  get('fields of 30 KB', [['x-app', 'a'.repeat(30_000)]]),
  get('fields of 33 KB', [['x-app', 'a'.repeat(33_000)]]),
  get('a name of 8 KB', [['x'.repeat(8_000), '1']]),
  ...lengths.map(
    (length): AskedCase => [
      `fields: length ${length}`,
      {
        method: 'POST',
        target: '/form',
        host,
        fields: [['content-length', length]],
        body: length === '0' ? '' : 'hello',
      },
    ],
  ),
  [
    'fields: two lengths',
    {
      method: 'POST',
      target: '/form',
      host,
      fields: [
        ['content-length', '5'],
        ['content-length', '6'],
      ],
      body: 'hello',
    },
  ],
  [
    'fields: the same length twice',
    {
      method: 'POST',
      target: '/form',
      host,
      fields: [
        ['content-length', '5'],
        ['content-length', '5'],
      ],
      body: 'hello',
    },
  ],
]
