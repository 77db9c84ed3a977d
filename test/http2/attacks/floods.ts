import * as frames from '../support/frames.ts'
import { errorCode, frameType, setting } from '../support/frames.ts'
import { encodeBlock } from '../support/header-block.ts'
import { type Attack, get, head, largeGet, openId, post } from './attack.ts'

const calm = { code: errorCode.enhanceYourCalm, requests: 1 }
/** Of frames that bring nothing forward: 1,000 at once and 50 a second, and what the opening has earned. */
const idle = { ...calm, most: 2_000 }
/** Of streams that the client makes us reset: 100 at once and 10 a second. */
const errors = { ...calm, most: 300, requests: 150 }

const nothing = Buffer.alloc(0)
const opening = (): Buffer => head(openId, post)
const largest = 0x7fff_ffff
const end = { end: true }

/** Frames that cost something and bring no request forward. */
export const idleFloods: readonly Attack[] = [
  { ...idle, name: 'PING', step: (_, n) => frames.ping(n) },
  { ...idle, name: 'acknowledgements of PING', step: (_, n) => frames.ping(n, 1) },
  { ...idle, name: 'SETTINGS', step: () => frames.settingsFrame() },
  {
    ...idle,
    name: 'SETTINGS of 2,000 values',
    step: (_, n) => frames.settingsFrame(Array.from({ length: 2_000 }, () => [setting.initialWindow, n] as const)),
    most: 10,
  },
  { ...idle, name: 'acknowledgements of SETTINGS', step: () => frames.settingsAck },
  { ...idle, name: 'PRIORITY', step: (id) => frames.priority(id, 1) },
  { ...idle, name: 'PRIORITY_UPDATE', step: (id) => frames.priorityUpdate(id, 'u=1') },
  { ...idle, name: 'WINDOW_UPDATE of the connection', step: () => frames.windowUpdate(0, 1) },
  { ...idle, name: 'WINDOW_UPDATE of a stream', opening, step: () => frames.windowUpdate(openId, 1) },
  {
    ...idle,
    name: 'WINDOW_UPDATE of one byte, each of which moves an answer on by as much',
    settings: [[setting.initialWindow, 0]],
    opening: () => head(openId, largeGet, end),
    step: () => frames.windowUpdate(openId, 1),
    most: 5_000,
  },
  { ...idle, name: 'frames of no known type', step: () => frames.frame(0xfa, 0, 0, Buffer.alloc(10)) },
  { ...idle, name: 'GOAWAY', step: () => frames.goaway(0, 0) },
  { ...idle, name: 'empty DATA', opening, step: () => frames.data(openId, nothing) },
  { ...idle, name: 'DATA of padding alone', opening, step: () => frames.data(openId, nothing, { padding: 1 }) },
]

/** Requests that are given up, by the client or by what it sends (CVE-2023-44487, CVE-2025-8671). */
export const resetFloods: readonly Attack[] = [
  {
    ...calm,
    name: 'requests that are reset at once',
    step: (id) => Buffer.concat([head(id, get, end), frames.resetStream(id, errorCode.cancel)]),
    most: 500,
    requests: 250,
  },
  {
    ...errors,
    name: 'windows beyond the largest',
    step: (id) => Buffer.concat([head(id, get, end), frames.windowUpdate(id, largest)]),
  },
  {
    ...errors,
    name: 'WINDOW_UPDATE of 0',
    step: (id) => Buffer.concat([head(id, get, end), frames.windowUpdate(id, 0)]),
  },
  {
    ...errors,
    name: 'DATA behind the end',
    step: (id) => Buffer.concat([head(id, get, end), frames.data(id, Buffer.alloc(1))]),
  },
  {
    ...errors,
    name: 'HEADERS behind the end',
    step: (id) => Buffer.concat([head(id, get, end), head(id, get, end)]),
  },
  {
    ...errors,
    name: 'more DATA than Content-Length says',
    step: (id) => Buffer.concat([head(id, [...post, ['content-length', '1']]), frames.data(id, Buffer.alloc(2))]),
  },
  {
    ...errors,
    name: 'less DATA than Content-Length says',
    step: (id) => Buffer.concat([head(id, [...post, ['content-length', '2']]), frames.data(id, Buffer.alloc(1), end)]),
  },
  {
    ...errors,
    name: 'trailers that do not end the stream',
    step: (id) => Buffer.concat([head(id, post), head(id, [['x-sum', '1']])]),
  },
  { ...errors, name: 'header lists without a method', step: (id) => head(id, get.slice(1), end), requests: 0 },
  { ...errors, name: 'empty header lists', step: (id) => frames.headers(id, nothing, end), requests: 0 },
]

const unfinished = (id: number, block: Buffer): Buffer => frames.frame(frameType.headers, 0, id, block)
const more = (bytes: number): Buffer => frames.frame(frameType.continuation, 0, openId, Buffer.alloc(bytes))

/** Header lists without an end (CVE-2024-27983 and the like), or of a size that nobody needs. */
export const headerFloods: readonly Attack[] = [
  {
    ...calm,
    name: 'CONTINUATION without an end',
    opening: () => unfinished(openId, encodeBlock(get)),
    step: () => more(10),
    most: 30,
  },
  {
    ...calm,
    name: 'empty CONTINUATION',
    opening: () => unfinished(openId, encodeBlock(get)),
    step: () => more(0),
    most: 30,
  },
  {
    ...calm,
    name: 'a header list of 1 MB',
    opening: () => unfinished(openId, encodeBlock(get)),
    step: () => more(16_384),
    most: 64,
  },
].map((attack) => ({ ...attack, requests: 0 }))
