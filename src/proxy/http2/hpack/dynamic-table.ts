import type { HeaderField } from './header-field.ts'

const firstSlots = 16

/** RFC 7541 section 2.3.2: the newest entry first. A ring, so that neither adding nor evicting moves an entry. */
export class DynamicTable {
  /** A power of two of slots; entries stand from `#oldest` on, around the end. */
  #ring: (HeaderField | undefined)[] = slots(firstSlots)
  #oldest = 0
  #count = 0
  #bytes = 0
  #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  get limit(): number {
    return this.#limit
  }

  /** 0 is the newest. */
  at(age: number): HeaderField | undefined {
    if (age >= this.#count) return undefined
    return this.#ring[(this.#oldest + this.#count - 1 - age) & (this.#ring.length - 1)]
  }

  /** Section 4.4: one that is larger than the table empties it and is not kept. */
  add(field: HeaderField): void {
    this.#evict(this.#limit - field.size)
    if (field.size > this.#limit) return
    if (this.#count === this.#ring.length) this.#grow()
    this.#ring[(this.#oldest + this.#count) & (this.#ring.length - 1)] = field
    this.#count++
    this.#bytes += field.size
  }

  /** Section 4.3. */
  setLimit(limit: number): void {
    this.#limit = limit
    this.#evict(limit)
  }

  #evict(bytes: number): void {
    while (this.#bytes > bytes && this.#count > 0) {
      this.#bytes -= this.#ring[this.#oldest]?.size ?? 0
      this.#ring[this.#oldest] = undefined
      this.#oldest = (this.#oldest + 1) & (this.#ring.length - 1)
      this.#count--
    }
  }

  #grow(): void {
    const grown = slots(this.#ring.length * 2)
    for (let i = 0; i < this.#count; i++) grown[i] = this.#ring[(this.#oldest + i) & (this.#ring.length - 1)]
    this.#ring = grown
    this.#oldest = 0
  }
}

function slots(count: number): (HeaderField | undefined)[] {
  return new Array<HeaderField | undefined>(count).fill(undefined)
}
