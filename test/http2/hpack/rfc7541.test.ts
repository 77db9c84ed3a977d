import { describe, expect, it } from 'vitest'
import { BlockReader } from '../../../src/proxy/http2/hpack/block-reader.ts'
import { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts'
import { writeInteger } from '../../../src/proxy/http2/hpack/integers.ts'
import { decoded, type FieldText, hex } from './decoded.ts'

type Step = { readonly block: string; readonly fields: readonly FieldText[]; readonly tableBytes: number }

describe('the examples of RFC 7541, appendix C', () => {
  it.each([
    ['C.1.1: 10 with a prefix of 5 bits', 10, 0x1f, '0a'],
    ['C.1.2: 1337 with a prefix of 5 bits', 1337, 0x1f, '1f9a0a'],
    ['C.1.3: 42 from an octet boundary', 42, 0xff, '2a'],
  ])('%s', (_, value, prefix, octets) => {
    const bytes = Buffer.alloc(8)
    expect(bytes.toString('hex', 0, writeInteger(bytes, 0, 0, prefix, value))).toBe(octets)
    const reader = new BlockReader()
    reader.begin(hex(octets), 0, octets.length / 2)
    expect(reader.integer(prefix)).toBe(value)
    expect(reader.done).toBe(true)
  })

  it.each<[string, Step]>([
    [
      'C.2.1: literal with indexing',
      {
        block: '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
        fields: [['custom-key', 'custom-header']],
        tableBytes: 55,
      },
    ],
    [
      'C.2.2: literal without indexing',
      { block: '040c 2f73 616d 706c 652f 7061 7468', fields: [[':path', '/sample/path']], tableBytes: 0 },
    ],
    [
      'C.2.3: literal never indexed',
      { block: '1008 7061 7373 776f 7264 0673 6563 7265 74', fields: [['password', 'secret']], tableBytes: 0 },
    ],
    ['C.2.4: indexed', { block: '82', fields: [[':method', 'GET']], tableBytes: 0 }],
  ])('%s', (_, step) => expectSteps(new HpackDecoder(4096), [step]))

  const request: readonly FieldText[] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ]
  const customRequest: readonly FieldText[] = [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ]
  const requests = (blocks: readonly [string, string, string]): readonly Step[] => [
    { block: blocks[0], fields: request, tableBytes: 57 },
    { block: blocks[1], fields: [...request, ['cache-control', 'no-cache']], tableBytes: 110 },
    { block: blocks[2], fields: customRequest, tableBytes: 164 },
  ]

  it('C.3: requests without Huffman coding', () => {
    const blocks = [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ] as const
    expectSteps(new HpackDecoder(4096), requests(blocks))
  })

  it('C.4: requests with Huffman coding', () => {
    const blocks = [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ] as const
    expectSteps(new HpackDecoder(4096), requests(blocks))
  })

  const location: FieldText = ['location', 'https://www.example.com']
  const date: FieldText = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT']
  const response: readonly FieldText[] = [['cache-control', 'private'], date, location]
  const lastResponse: readonly FieldText[] = [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    location,
    ['content-encoding', 'gzip'],
    ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ]
  const responses = (blocks: readonly [string, string, string]): readonly Step[] => [
    { block: blocks[0], fields: [[':status', '302'], ...response], tableBytes: 222 },
    { block: blocks[1], fields: [[':status', '307'], ...response], tableBytes: 222 },
    { block: blocks[2], fields: lastResponse, tableBytes: 215 },
  ]

  it('C.5: responses without Huffman coding, with a table of 256 bytes', () => {
    const blocks = [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 54
       6e17 6874 7470 733a 2f2f 7777 772e 6578 616d 706c 652e 636f 6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
       4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
       7369 6f6e 3d31`,
    ] as const
    expectSteps(tableOf256(), responses(blocks))
  })

  it('C.6: responses with Huffman coding, with a table of 256 bytes', () => {
    const blocks = [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
       97c8 e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
       cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ] as const
    expectSteps(tableOf256(), responses(blocks))
  })
})

function expectSteps(decoder: HpackDecoder, steps: readonly Step[]): void {
  for (const { block, fields, tableBytes } of steps) {
    expect(decoded(decoder, hex(block))).toEqual(fields)
    expect(decoder.tableBytes).toBe(tableBytes)
  }
}

/** As the examples have it, the size is known to both sides before the first block. */
function tableOf256(): HpackDecoder {
  const decoder = new HpackDecoder(256)
  expect(decoded(decoder, hex('3fe101'))).toEqual([])
  return decoder
}
