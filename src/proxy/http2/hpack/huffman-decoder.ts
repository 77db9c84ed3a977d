import { endOfString, huffmanCodes, huffmanLengths } from './huffman-code.ts'

// A state is how far into a code the bits so far lead: a node of the code's tree, 0 is its root. Half an octet is read at a time; the
// shortest code has 5 bits, so it ends at most one symbol.
const states = 0x100
/** EOS was read, which is an error (RFC 7541 section 5.2). Nothing leads away from here, so it is looked for at the end alone. */
const dead = states

/** For state * 16 + half an octet: next state * 16 << 9 | symbol << 1 | whether there is a symbol. */
const transitions = new Int32Array((states + 1) * 16).fill((dead * 16) << 9)
/** 1: a string may end in this state, for what has come of the next code is shorter than 8 bits and of ones (section 5.2). */
const mayEnd = new Uint8Array(states + 1)
buildTables()

/** Writes what the octets stand for to `target`, which has room for two octets for each of them. -1: not Huffman code. */
export function huffmanDecode(bytes: Uint8Array, from: number, to: number, target: Uint8Array): number {
  let state = 0
  let length = 0
  for (let i = from; i < to; i++) {
    const octet = bytes[i] ?? 0
    const high = transitions[state | (octet >> 4)] ?? 0
    target[length] = high >> 1
    length += high & 1
    const low = transitions[(high >> 9) | (octet & 15)] ?? 0
    target[length] = low >> 1
    length += low & 1
    state = low >> 9
  }
  return mayEnd[state >> 4] === 1 ? length : -1
}

function buildTables(): void {
  const children = codeTree()
  for (let state = 0; state < states; state++) {
    for (let bits = 0; bits < 16; bits++) transitions[state * 16 + bits] = transition(children, state, bits)
  }
  for (let state = 0, depth = 0; depth < 8; depth++, state = children[state * 2 + 1] ?? 0) mayEnd[state] = 1
}

/** For state * 2 + bit: the next state, or -1 - symbol. */
function codeTree(): Int16Array {
  const children = new Int16Array(states * 2)
  let count = 1
  for (let symbol = 0; symbol <= endOfString; symbol++) {
    const code = huffmanCodes[symbol] ?? 0
    let state = 0
    for (let bit = (huffmanLengths[symbol] ?? 0) - 1; bit > 0; bit--) {
      const at = state * 2 + ((code >>> bit) & 1)
      if (children[at] === 0) children[at] = count++
      state = children[at] ?? 0
    }
    children[state * 2 + (code & 1)] = -1 - symbol
  }
  return children
}

function transition(children: Int16Array, from: number, bits: number): number {
  let state = from
  let found = 0
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[state * 2 + ((bits >> bit) & 1)] ?? 0
    if (next === -1 - endOfString) return (dead * 16) << 9
    if (next < 0) found = ((-1 - next) << 1) | 1
    state = Math.max(next, 0)
  }
  return ((state * 16) << 9) | found
}
