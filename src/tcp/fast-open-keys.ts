import type { Random } from '../base/random.ts'
import { SipHash } from '../base/siphash.ts'
import type { Segment } from '../wire/tcp.ts'
import { FastOpenCookie } from './fast-open-cookie.ts'

const COOKIE_LENGTH = 8

/** What a cookie turned out to be: none of ours, one of the key in use, or one of the key before. */
export type Validity = 'invalid' | 'current' | 'outdated'

/**
 * Cookies that a Fast Open server gives out: a keyed hash of the client's address and its own (RFC 7413 §4.1.2), the same as Linux's for the same
 * `tcp_fastopen_key`, so that servers behind one address can share it. A key that is replaced should stay for a while as the second one.
 */
export class FastOpenKeys {
  readonly #random: Random
  #text: string | undefined
  #current: SipHash
  #before: SipHash | undefined
  readonly #input = new Uint8Array(8)
  readonly #cookie = new FastOpenCookie()

  constructor(random: Random) {
    this.#random = random
    this.#current = new SipHash(new Uint8Array(16))
  }

  /** Fills `out` with the client's cookie, in the form that its SYN asked in. `keys` as `tcp_fastopen_key` has them. */
  issue(out: FastOpenCookie, keys: string, seg: Segment): void {
    this.#use(keys)
    this.#make(out, this.#current, seg)
    out.isExperimental = seg.isFastOpenExperimental
  }

  check(keys: string, seg: Segment): Validity {
    this.#use(keys)
    this.#make(this.#cookie, this.#current, seg)
    if (this.#cookie.isIn(seg)) return 'current'
    if (this.#before === undefined) return 'invalid'
    this.#make(this.#cookie, this.#before, seg)
    return this.#cookie.isIn(seg) ? 'outdated' : 'invalid'
  }

  #make(out: FastOpenCookie, hash: SipHash, seg: Segment): void {
    const input = this.#input
    putWord(input, 0, seg.source)
    putWord(input, 4, seg.destination)
    hash.bytes(input)
    out.length = COOKIE_LENGTH
    putLittle(out.bytes, 0, hash.low)
    putLittle(out.bytes, 4, hash.high)
  }

  #use(keys: string): void {
    if (keys === this.#text) return
    this.#text = keys
    const [current = '', before] = keys.split(',')
    this.#current = new SipHash(isUnset(current) ? this.#random.bytes(16) : keyOf(current))
    this.#before = before === undefined ? undefined : new SipHash(keyOf(before))
  }
}

const isUnset = (key: string): boolean => /^[0-]*$/.test(key)

/** A key as Linux writes it: four words in hexadecimal, each least significant byte first. */
function keyOf(text: string): Uint8Array {
  const key = new Uint8Array(16)
  text.split('-').forEach((word, i) => {
    putLittle(key, 4 * i, Number.parseInt(word, 16))
  })
  return key
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = word >>> (24 - 8 * i)
}

function putLittle(bytes: Uint8Array, at: number, word: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = word >>> (8 * i)
}
