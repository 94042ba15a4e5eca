import type { Lexer } from './lexer.ts'
import { fail, type Place } from './script-error.ts'
import { describe, type Token, type TokenKind } from './tokens.ts'

export const U8 = 0xff
export const U16 = 0xffff
export const U32 = 0xffff_ffff

/** Deepest nesting of brackets that is read. */
const DEPTH = 64

const HEX_DIGITS = /^(?:[0-9a-f]{2})*$/

/** The parser's view of the tokens: one of look-ahead, and the verbs that all its parts are written in. */
export class Cursor {
  readonly #lexer: Lexer
  #ahead: Token | undefined
  #depth = 0
  /** Offset at which the last token taken ends. */
  end = 0

  constructor(lexer: Lexer) {
    this.#lexer = lexer
  }

  get text(): string {
    return this.#lexer.text
  }

  /** A symbol for all that follows; no token may have been looked at ahead. */
  define(name: string, value: string): void {
    this.#lexer.define(name, value)
  }

  peek(): Token {
    this.#ahead ??= this.#lexer.next()
    return this.#ahead
  }

  next(): Token {
    const token = this.peek()
    this.#ahead = undefined
    this.end = token.end
    return token
  }

  get place(): Place {
    return this.peek().place
  }

  is(kind: TokenKind): boolean {
    return this.peek().kind === kind
  }

  isSymbol(character: string): boolean {
    const token = this.peek()
    return token.kind === 'symbol' && token.text === character
  }

  isWord(word: string): boolean {
    const token = this.peek()
    return token.kind === 'word' && token.text === word
  }

  isNumber(): boolean {
    return this.is('integer') || this.is('hex')
  }

  /** Takes the token if it is of that kind. */
  take(kind: TokenKind): Token | undefined {
    return this.is(kind) ? this.next() : undefined
  }

  takeSymbol(character: string): boolean {
    if (!this.isSymbol(character)) return false
    this.next()
    return true
  }

  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.next()
    return true
  }

  expect(kind: TokenKind, what: string): Token {
    return this.take(kind) ?? this.fail(what)
  }

  expectSymbol(character: string, after = ''): void {
    if (!this.takeSymbol(character)) this.fail(`\`${character}\`${after}`)
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) this.fail(`\`${word}\``)
  }

  /** A decimal or hex number in a range. `what` names it in messages. */
  number(what: string, least: number, most: number): number {
    const token = this.peek()
    if (!this.isNumber()) this.fail(what)
    const value = Number(token.text)
    if (!(value >= least && value <= most)) this.fail(`${what} from ${least} to ${most}`)
    this.next()
    return value
  }

  /** Bytes written as hex digits, two a byte. The token may look like a number. */
  hexBytes(what: string, most: number): string {
    const token = this.peek()
    if (token.kind !== 'word' && token.kind !== 'integer' && token.kind !== 'hex') this.fail(what)
    const digits = (token.kind === 'hex' ? token.text.slice(2) : token.text).toLowerCase()
    if (!HEX_DIGITS.test(digits)) this.fail(`${what}: pairs of hex digits`)
    if (digits.length > 2 * most) this.fail(`${what} of at most ${most} bytes`)
    this.next()
    return digits
  }

  /** What `read` gives, read inside one more level of brackets. */
  nested<T>(read: () => T): T {
    if (this.#depth === DEPTH) this.fail(`at most ${DEPTH} levels of nesting`)
    this.#depth++
    const result = read()
    this.#depth--
    return result
  }

  /** Ends with the error that `expected` should stand where the next token (or `token`) is. */
  fail(expected: string, token: Token = this.peek()): never {
    fail(token.place, expected, describe(token))
  }
}
