/** An answer and what it is to be taken for. */
export type GoodAnswer = {
  readonly name: string
  /** Why undici takes it for something else. */
  readonly notInUndici?: string
  readonly method?: 'HEAD'
  /** As latin1. */
  readonly bytes: string
  /** The endpoint closes behind it. */
  readonly closes?: true
  readonly status: number
  readonly body: string
  /** Those of the final head that must be there, as they came. */
  readonly fields?: readonly (readonly [string, string])[]
  readonly interim?: readonly number[]
  readonly trailers?: readonly string[]
  /** The connection carries the next request. */
  readonly isKept: boolean
  /** undici opens another one where it need not. */
  readonly isKeptByUndici?: false
}

const chunked = 'Transfer-Encoding: chunked\r\n'
const filler = (bytes: number): string => `X-Filler: ${'x'.repeat(bytes - 'X-Filler: \r\n'.length)}\r\n`

export const goodAnswers: readonly GoodAnswer[] = [
  {
    name: 'a body by its length',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    status: 200,
    body: 'hello',
    fields: [['Content-Length', '5']],
    isKept: true,
  },
  {
    name: 'no body',
    bytes: 'HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n',
    status: 404,
    body: '',
    isKept: true,
  },
  {
    name: 'a length with zeros before it',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: \t005\r\n\r\nhello',
    status: 200,
    body: 'hello',
    isKept: true,
  },
  {
    name: 'a length with space around it',
    notInUndici: 'with space behind a length, it waits for the end of the connection',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: \t5 \r\n\r\nhello',
    status: 200,
    body: 'hello',
    isKept: true,
  },
  {
    name: 'chunks',
    bytes: `HTTP/1.1 200 OK\r\n${chunked}\r\n3\r\nhel\r\n0002;x="y"\r\nlo\r\n0\r\n\r\n`,
    status: 200,
    body: 'hello',
    isKept: true,
  },
  {
    name: 'chunks, said in capitals',
    bytes: `HTTP/1.1 200 OK\r\nTRANSFER-ENCODING:\tCHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    status: 200,
    body: '0123456789',
    isKept: true,
  },
  {
    name: 'chunks, with space around the word',
    notInUndici: 'with a tab behind it, the word is another one',
    bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: \t chunked \t\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    status: 200,
    body: '0123456789',
    isKept: true,
  },
  {
    name: 'chunks of nothing',
    bytes: `HTTP/1.1 200 OK\r\n${chunked}\r\n0\r\n\r\n`,
    status: 200,
    body: '',
    isKept: true,
  },
  {
    name: 'chunks and trailers',
    bytes: `HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n${chunked}\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\nx-name:  voil\xc3\xa0\r\n\r\n`,
    status: 200,
    body: 'ok',
    trailers: ['X-Sum', '42', 'x-name', 'voil\xc3\xa0'],
    isKept: true,
  },
  {
    name: 'a body that ends with its connection',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello',
    closes: true,
    status: 200,
    body: 'hello',
    isKept: false,
  },
  {
    name: 'a body that looks like chunks and ends with its connection',
    bytes: 'HTTP/1.1 200 OK\r\n\r\n5\r\nhello\r\nHTTP/1.1 200 OK\r\n\r\n',
    closes: true,
    status: 200,
    body: '5\r\nhello\r\nHTTP/1.1 200 OK\r\n\r\n',
    isKept: false,
  },
  {
    name: 'nothing behind a head that promises all up to the end of its connection',
    bytes: 'HTTP/1.1 200 OK\r\n\r\n',
    closes: true,
    status: 200,
    body: '',
    isKept: false,
  },
  {
    name: 'HTTP/1.0, up to the end of its connection',
    bytes: 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello',
    closes: true,
    status: 200,
    body: 'hello',
    isKept: false,
  },
  {
    name: 'HTTP/1.0 with a length',
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    status: 200,
    body: 'hello',
    isKept: false,
  },
  {
    name: 'HTTP/1.0 with a length, to be kept',
    bytes: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello',
    status: 200,
    body: 'hello',
    isKept: true,
  },
  {
    name: 'Connection: close with a length',
    bytes: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello',
    status: 200,
    body: 'hello',
    isKept: false,
  },
  {
    name: 'Connection: close among others, in chunks',
    bytes: `HTTP/1.1 200 OK\r\nconnection: X-Hop ,\tClose\r\n${chunked}\r\n5\r\nhello\r\n0\r\n\r\n`,
    status: 200,
    body: 'hello',
    isKept: false,
  },
  {
    name: 'HEAD, with the length that GET would have',
    method: 'HEAD',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
    status: 200,
    body: '',
    fields: [['Content-Length', '1000']],
    isKept: true,
  },
  {
    name: 'HEAD, with the chunks that GET would have',
    method: 'HEAD',
    bytes: `HTTP/1.1 200 OK\r\n${chunked}\r\n`,
    status: 200,
    body: '',
    isKept: true,
  },
  {
    name: 'HEAD, with nothing said of a body',
    method: 'HEAD',
    bytes: 'HTTP/1.1 200 OK\r\nX-App: 1\r\n\r\n',
    status: 200,
    body: '',
    isKept: true,
    isKeptByUndici: false,
  },
  { name: '204', bytes: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204, body: '', isKept: true },
  {
    name: '304 with the length of what it stands for',
    bytes: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 1000\r\n\r\n',
    status: 304,
    body: '',
    fields: [['ETag', '"x"']],
    isKept: true,
    isKeptByUndici: false,
  },
  {
    name: '103 and 102 before the answer',
    bytes: `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    status: 200,
    body: 'ok',
    interim: [103, 102],
    isKept: true,
  },
  {
    name: '100 before the answer, to a request without a body',
    notInUndici: 'it refuses a 100 that was not asked for',
    bytes: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
    status: 200,
    body: 'ok',
    interim: [100],
    isKept: true,
  },
  {
    name: 'no reason phrase',
    bytes: 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    isKept: true,
  },
  {
    name: 'no reason phrase, and no space for it',
    bytes: 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    isKept: true,
  },
  {
    name: 'a reason phrase that is not ASCII',
    bytes: 'HTTP/1.1 200 voil\xc3\xa0\r\nContent-Length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    isKept: true,
  },
  {
    name: 'a status that nobody knows',
    bytes: 'HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\nok',
    status: 799,
    body: 'ok',
    isKept: true,
  },
  {
    name: 'fields of every kind',
    bytes:
      "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Empty:\r\nX-Space: \t\r\nset-cookie:b=2\r\nX-Utf-8: voil\xc3\xa0\r\nX-Latin1: \x80\xa0\xe9\xff\r\n!#$%&'*+-.^_`|~0: x : y\tz \r\nContent-Length: 2\r\n\r\nok",
    status: 200,
    body: 'ok',
    fields: [
      ['Set-Cookie', 'a=1'],
      ['X-Empty', ''],
      ['X-Space', ''],
      ['set-cookie', 'b=2'],
      ['X-Utf-8', 'voil\xc3\xa0'],
      ['X-Latin1', '\x80\xa0\xe9\xff'],
      ["!#$%&'*+-.^_`|~0", 'x : y\tz'],
    ],
    isKept: true,
  },
  {
    name: 'a body of every byte',
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n${String.fromCharCode(...Array(256).keys())}`,
    status: 200,
    body: String.fromCharCode(...Array(256).keys()),
    isKept: true,
  },
  {
    name: 'a head of 63 KB',
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${filler(63 * 1024)}\r\nok`,
    status: 200,
    body: 'ok',
    isKept: true,
  },
  {
    name: 'a head of 500 fields',
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${'a: 1\r\n'.repeat(500)}\r\nok`,
    status: 200,
    body: 'ok',
    isKept: true,
  },
]

/** One whose head nobody may believe. */
export type BadAnswer = {
  readonly name: string
  readonly bytes: string
  /** What undici does with it, which is less strict: nobody asks for that. */
  readonly inUndici?: 'taken' | 'reset-before-head'
}

const withField = (line: string, name = line): BadAnswer => ({
  name,
  bytes: `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${line}\r\n\r\nhello`,
})
const withStatusLine = (line: string, name = `the status line ${JSON.stringify(line)}`): BadAnswer => ({
  name,
  bytes: `${line}\r\nContent-Length: 5\r\n\r\nhello`,
})
const framedBy = (lines: string, body = 'hello'): BadAnswer => ({
  name: lines.replaceAll('\r\n', ', '),
  bytes: `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n${body}`,
})
const takenByUndici = (answer: BadAnswer): BadAnswer => ({ ...answer, inUndici: 'taken' })

export const badAnswers: readonly BadAnswer[] = [
  { name: 'another protocol', bytes: 'SSH-2.0-OpenSSH_9.2\r\n\r\n' },
  { name: 'a TLS alert', bytes: '\x15\x03\x01\x00\x02\x02\x46' },
  { name: 'HTTP/0.9: no head at all', bytes: '<html>hello</html>' },
  takenByUndici(withStatusLine('HTTP/0.9 200 OK')),
  withStatusLine('HTTP/1.2 200 OK'),
  withStatusLine('HTTP/1.10 200 OK'),
  withStatusLine('HTTP/2 200 OK'),
  takenByUndici(withStatusLine('HTTP/2.0 200 OK')),
  withStatusLine('HTTP/3.0 200 OK'),
  withStatusLine('http/1.1 200 OK'),
  withStatusLine('ICY 200 OK'),
  withStatusLine('GET / HTTP/1.1'),
  withStatusLine('HTTP/1.1  200 OK'),
  withStatusLine('HTTP/1.1\t200 OK'),
  withStatusLine(' HTTP/1.1 200 OK'),
  withStatusLine('HTTP/1.1 99 x'),
  { ...withStatusLine('HTTP/1.1 099 x'), inUndici: 'reset-before-head' },
  { ...withStatusLine('HTTP/1.1 000 x'), inUndici: 'reset-before-head' },
  withStatusLine('HTTP/1.1 20 x'),
  withStatusLine('HTTP/1.1 1000 x'),
  withStatusLine('HTTP/1.1 2000 x'),
  withStatusLine('HTTP/1.1 abc x'),
  withStatusLine('HTTP/1.1 2x0 x'),
  withStatusLine('HTTP/1.1 -20 x'),
  withStatusLine('HTTP/1.1 +20 x'),
  withStatusLine('HTTP/1.1 200OK'),
  withStatusLine('HTTP/1.1 200-OK'),
  withStatusLine('HTTP/1.1'),
  takenByUndici(withStatusLine('\r\nHTTP/1.1 200 OK', 'an empty line before the status line')),
  withStatusLine('HTTP/1.1 200 O\rK', 'CR in the reason phrase'),
  takenByUndici(withStatusLine('HTTP/1.1 200 O\0K', 'NUL in the reason phrase')),
  {
    name: 'a switch that nobody asked for',
    bytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  },
  { name: 'LF alone everywhere', bytes: 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello' },
  { name: 'LF alone behind the status line', bytes: 'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello' },
  { name: 'LF alone behind a field', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nhello' },
  { name: 'LF alone behind the head', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello' },
  { name: 'CR alone behind a field', bytes: 'HTTP/1.1 200 OK\r\nX: y\rContent-Length: 5\r\n\r\nhello' },
  withField('X: a\0b', 'NUL in a value'),
  withField('X: a\rb', 'CR in a value'),
  withField('X: a\nb: c', 'LF in a value'),
  withField('X: a\x01b', 'a control character in a value'),
  withField('X: a\x7fb', 'DEL in a value'),
  withField('X: a\r\n b', 'a continued line'),
  withField(' X: a', 'space before the name of a field'),
  withField('X : a', 'space before a colon'),
  withField('X Y: a', 'space in the name of a field'),
  withField('X\0: a', 'NUL in the name of a field'),
  withField('X\xe9: a', 'a name that is not ASCII'),
  withField('X(Y): a', 'a name that is no token'),
  withField(': a', 'a field without a name'),
  withField('X', 'a field without a colon'),
  framedBy('Content-Length: 5\r\nContent-Length: 6'),
  framedBy('Content-Length: 5\r\nContent-Length: 5'),
  framedBy('Content-Length: 5, 5'),
  framedBy('Content-Length: 5, 6'),
  framedBy('Content-Length: +5'),
  framedBy('Content-Length: -5'),
  framedBy('Content-Length: 0x5'),
  framedBy('Content-Length: 5 5'),
  framedBy('Content-Length: 5;'),
  framedBy('Content-Length: 5.0'),
  framedBy('Content-Length: five'),
  framedBy('Content-Length:'),
  framedBy('Content-Length: 99999999999999999999'),
  framedBy('Content-Length: 5\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'),
  framedBy('Transfer-Encoding: chunked\r\nContent-Length: 15', '5\r\nhello\r\n0\r\n\r\n'),
  takenByUndici(framedBy('Transfer-Encoding: gzip')),
  takenByUndici(framedBy('Transfer-Encoding: gzip, chunked', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici(framedBy('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici(framedBy('Transfer-Encoding: chunked, gzip', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici(framedBy('Transfer-Encoding: chunked, chunked', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici(framedBy('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici(framedBy('Transfer-Encoding: identity')),
  takenByUndici(framedBy('Transfer-Encoding: xchunked', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici(framedBy('Transfer-Encoding: chunked;q=1', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici(framedBy('Transfer-Encoding: "chunked"', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici(framedBy('Transfer-Encoding:', '5\r\nhello\r\n0\r\n\r\n')),
  takenByUndici({
    name: 'chunks in HTTP/1.0',
    bytes: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  }),
  { name: 'a head of 65 KB', bytes: `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${filler(65 * 1024)}\r\nhello` },
  {
    name: 'a head of 65 KB in many fields',
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n${filler(1024).repeat(65)}\r\nhello`,
  },
  takenByUndici(withStatusLine(`HTTP/1.1 200 ${'x'.repeat(65 * 1024)}`, 'a status line of 65 KB')),
  {
    name: 'a malformed head behind an interim one',
    bytes: 'HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 2x0 OK\r\n\r\n',
  },
  { name: 'a malformed interim head', bytes: 'HTTP/1.1 102 Processing\r\nX : y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n' },
  {
    name: 'an interim answer with a length',
    bytes: 'HTTP/1.1 102 Processing\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  },
]

/** Bodies of a good head that are not what it promises. */
export const badBodies: readonly (readonly [name: string, bytes: string])[] = [
  ['a negative size', '-1\r\nx\r\n0\r\n\r\n'],
  ['a size that is no number', 'x\r\nx\r\n0\r\n\r\n'],
  ['a space behind a size', '1 \r\nx\r\n0\r\n\r\n'],
  ['LF alone behind a size', '1\nx\r\n0\r\n\r\n'],
  ['a chunk longer than its size', '1\r\nxy\r\n0\r\n\r\n'],
  ['LF alone behind a chunk', '1\r\nx\n0\r\n\r\n'],
  ['a size of more than 64 bits', '10000000000000001\r\nx\r\n0\r\n\r\n'],
  ['a trailer without a colon', '1\r\nx\r\n0\r\nA\r\n\r\n'],
  ['NUL in a trailer', '1\r\nx\r\n0\r\nA: \0\r\n\r\n'],
  ['a continued trailer', '1\r\nx\r\n0\r\nA: b\r\n c\r\n\r\n'],
  ['LF alone at the end', '1\r\nx\r\n0\r\n\n'],
]
