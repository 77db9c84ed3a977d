/** What time is spent on, from the machine up to what is our own; in this order in every picture. */
export const categories = [
  { id: 'kernel', label: 'kernel', colour: '#b8b8c4' },
  { id: 'tls', label: 'TLS (OpenSSL)', colour: '#7d9ec0' },
  { id: 'libc', label: 'libc', colour: '#d8d2c0' },
  { id: 'nginx', label: "nginx's own code", colour: '#5aa469' },
  { id: 'below', label: 'not told apart', colour: '#b8b8c4' },
  { id: 'native', label: "Node's C++", colour: '#e2b26f' },
  { id: 'nodeJs', label: "Node's JavaScript", colour: '#edd9a3' },
  { id: 'v8', label: "V8's compilers", colour: '#c9a9c9' },
  { id: 'gc', label: 'garbage collector', colour: '#9d7ba8' },
  { id: 'lane', label: 'lane', colour: '#cf6a56' },
  { id: 'parse', label: 'parse', colour: '#a63d40' },
  { id: 'route', label: 'route', colour: '#e9896a' },
  { id: 'policies', label: 'policies, header fields', colour: '#f0a58f' },
  { id: 'upstream', label: 'upstream client', colour: '#6b9080' },
  { id: 'metrics', label: 'metrics', colour: '#4f6d7a' },
  { id: 'log', label: 'access log', colour: '#3d405b' },
  { id: 'other', label: 'other JavaScript', colour: '#dddddd' },
] as const

export type Category = (typeof categories)[number]['id']

type Rules = readonly (readonly [pattern: RegExp, category: Category])[]

/** Of JavaScript, by file. The first that fits. */
export const fileRules: Rules = [
  [/^node:/, 'nodeJs'],
  // The parser of undici.
  [/^node_modules\/undici\/|^wasm:/, 'upstream'],
  [
    /^src\/proxy\/(lean\/|upstream-|attempt|forward|tries|retry|balancer|endpoint-|silence-|stall|request-body)/,
    'upstream',
  ],
  [/^src\/proxy\/.*(head|chunk|parse|http1-request|http2\/(hpack|frame|huffman))/, 'parse'],
  [/^src\/(router\/|proxy\/(question|route-|choose-|normalise))/, 'route'],
  [/^src\/proxy\/(headers|fields|header-|key-fields|request-rules|request-id|policies\/|forwarded)/, 'policies'],
  [/^src\/proxy\/counters/, 'metrics'],
  [/^src\/(proxy\/(access-log|log-)|log\.ts)|^node_modules\/(pino|sonic-boom)\//, 'log'],
  [/^src\/proxy\//, 'lane'],
  [/./, 'other'],
]

/** Of libraries and programs other than Node's. */
export const libraryRules: Rules = [
  [/^(libssl|libcrypto)/, 'tls'],
  [/^nginx$/, 'nginx'],
  [/^(libc|libm|libpthread|libstdc\+\+|ld-|\[vdso\])/, 'libc'],
]

/** Of Node's own program, by function; OpenSSL and the parsers are linked into it. */
export const symbolRules: Rules = [
  [/^(llhttp_|nghttp2_|http_parser)/, 'parse'],
  [/^node::crypto::|^non-virtual thunk to node::crypto::/, 'tls'],
  [/^(SSL|ssl|ssl3|tls|tls1|tls13|dtls1?|ossl|OSSL|EVP|evp|CRYPTO|OPENSSL|WPACKET|RAND|rand|ERR|BIO|bio|BUF)_/, 'tls'],
  [
    /^(aesni?|AES|gcm|CRYPTO_gcm|vaes|chacha20|ChaCha20|poly1305|Poly1305|sha\d+|SHA\d+|HMAC|hmac|bn|BN|ec|EC|ecp|ecdsa|rsaz|x25519)_/,
    'tls',
  ],
  [/^(asm_AES|gcm_ghash|gcm_cipher|generic_aes|cipher_hw|do_ssl|get_record|_aesni|_vaes|PACKET_)/, 'tls'],
]

/** Any of these on the stack makes it the collector's time, whatever it calls. */
export const collector =
  /^\(garbage collector\)$|^v8::internal::.*(Scaveng|MarkCompact|Heap::CollectGarbage|Heap::PerformGarbage|Sweeper|ConcurrentMarking|Evacuat|MinorMarkSweep|GCTracer)/

/** The same for the compilers, which work in threads of their own. */
export const compiler =
  /^v8::internal::(compiler::|maglev::|baseline::|Optimized?Compil|OptimizingCompil|Turbofan|Maglev|Compiler::|ConcurrentBaseline)/

/** C++ that belongs to no one: it works for whoever called it. */
export const servant = /^(v8::|Builtins_|cppgc::|heap::base::|std::|operator (new|delete)|Stub:|Bytecode|Builtin:)/

/** The way from C++ into JavaScript and back is the price of a callback. */
export const bridge = /^Builtins_(CallApi|JSEntry|JSRunMicrotasks|JSConstructEntry)/

export function firstFitting(rules: Rules, text: string): Category | undefined {
  return rules.find(([pattern]) => pattern.test(text))?.[1]
}
