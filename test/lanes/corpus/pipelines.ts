import { type Case, get, hostField, post } from './case.ts'

const length = (bytes: number): string => `Content-Length: ${bytes}\r\n`

/** Several requests at once, or what looks like it. */
export const pipelines: readonly Case[] = [
  ['two GETs', get('', '/1') + get('', '/2')],
  ['five GETs', ['/1', '/2', '/3', '/4', '/5'].map((target) => get('', target)).join('')],
  ['a GET and garbage', `${get('', '/1')}garbage\r\n\r\n`],
  ['a GET and one byte', `${get('', '/1')}G`],
  ['a GET and half a head', get('', '/1') + get('', '/2').slice(0, -7)],
  ['a GET and a NUL', `${get('', '/1')}\0`],
  ['a GET and an empty line', `${get('', '/1')}\r\n`],
  ['a GET, an empty line, and a GET', `${get('', '/1')}\r\n${get('', '/2')}`],
  ['a GET with body bytes that nobody announced', `${get('', '/1')}hello`],
  [
    'a GET with a request for its body',
    get(length(get('', '/inner').length), '/1') + get('', '/inner') + get('', '/2'),
  ],
  ['a POST and a GET', post(length(5), 'hello') + get('', '/2')],
  ['a POST whose body is longer than its length', `${post(length(5), 'hello world')}`],
  ['a POST whose body is longer, and a GET', post(length(5), 'hello world') + get('', '/2')],
  ['a POST whose body is shorter than its length', post(length(50), 'hello')],
  ['a POST that swallows a GET', post(length(60), 'hello') + get('', '/swallowed')],
  ['a POST without a length and its body', post('', 'hello')],
  ['two POSTs', post(length(3), 'one') + post(length(3), 'two')],
  ['chunks and a GET', `${post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n')}${get('', '/2')}`],
  ['a GET and chunks', `${get('', '/1')}${post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n')}`],
  ['a GET, then one with two Hosts', get('', '/1') + get(hostField, '/2')],
  [
    'a GET, then one with length and chunks',
    get('', '/1') + post(`${length(5)}Transfer-Encoding: chunked\r\n`, '0\r\n\r\n'),
  ],
  ['a GET, an absolute form, and a GET', get('', '/1') + get('', 'http://app.example.com/2') + get('', '/3')],
  ['a GET that is the last, and a GET', get('Connection: close\r\n', '/1') + get('', '/2')],
  ['a GET for nobody, and a GET', `GET /1 HTTP/1.1\r\nHost: nobody.test\r\n\r\n${get('', '/2')}`],
  ['a GET with a bad Host, and a GET', `GET /1 HTTP/1.1\r\nHost: a@b\r\n\r\n${get('', '/2')}`],
  ['a HEAD and a GET', `HEAD /1 HTTP/1.1\r\n${hostField}\r\n${get('', '/2')}`],
  ['Expect and a GET', post(`${length(5)}Expect: 100-continue\r\n`, 'hello') + get('', '/2')],
  ['a GET and HTTP/1.0', `${get('', '/1')}GET /2 HTTP/1.0\r\n${hostField}\r\n`],
  ['a GET and a preface of HTTP/2', `${get('', '/1')}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`],
]
