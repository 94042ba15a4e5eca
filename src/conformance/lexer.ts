import { fail, type Place } from './script-error.ts'
import { RESERVED, type Token, type TokenKind } from './tokens.ts'

type Pattern = readonly [kind: TokenKind, pattern: RegExp, first: RegExp]

/** Tokens that a pattern describes, and what they begin with. Of those that match, the longest wins, then the first. */
const PATTERNS: readonly Pattern[] = [
  ['ellipsis', /\.\.\./y, /\./],
  ['option', /--[a-zA-Z0-9_]+/y, /-/],
  ['address', /\d+\.\d+\.\d+\.\d+/y, /\d/],
  ['address', /[0-9a-fA-F]*(?::[0-9a-fA-F]+)*::(?:[0-9a-fA-F]+(?::[0-9a-fA-F]+)*)?/y, /[0-9a-fA-F:]/],
  ['float', /-?\d*\.\d+/y, /[-.\d]/],
  ['integer', /-?\d+/y, /[-\d]/],
  ['hex', /0x[0-9a-fA-F]+/y, /0/],
  ['word', /(?:gen|exp)-[a-zA-Z0-9]+/y, /[ge]/],
  ['word', /[a-zA-Z0-9_]+/y, /\w/],
  ['symbol', /[^ \t\r\n]/y, /[\s\S]/],
]

/** The patterns that may match where a character stands, by its code. */
const CANDIDATES: readonly (readonly Pattern[])[] = Array.from({ length: 128 }, (_, code) =>
  PATTERNS.filter(([, , first]) => first.test(String.fromCharCode(code))),
)
const SYMBOL_ONLY = PATTERNS.slice(-1)

/** Tokens between marks: opening, closing, and whether a backslash hides a closing mark. */
const ENCLOSED: readonly (readonly [TokenKind, string, string, boolean])[] = [
  ['string', '"', '"', true],
  ['command', '`', '`', true],
  ['code', '%{', '}%', false],
]

const SPACE = /[ \t\r\n\f\v]+/y
const LINE_COMMENT = /\/\/[^\n]*/y
const IFDEF = /#ifdef[ \t]+[a-zA-Z0-9_]+/y
const ENDIF = /#endif\b/y
const INTEGER = /^-?\d+$/
const HEX = /^0x[0-9a-fA-F]+$/

/**
 * Cuts a script into tokens, one at a time, since an option of the script may define a symbol that replaces words
 * further down.
 *
 * Errors: ScriptError for a comment, string, command, code block or `#ifdef` without an end.
 */
export class Lexer {
  readonly text: string
  readonly #file: string
  readonly #definitions = new Map<string, string>()
  readonly #given: ReadonlyMap<string, string>
  #at = 0
  /** Where `#at` is: the line, and the offsets of its first character and of its end. */
  #line = 1
  #lineStart = 0
  #lineEnd: number
  #conditional: Place | undefined

  /** `definitions`: the symbols of the command line; they win over the script's own. */
  constructor(file: string, text: string, definitions: ReadonlyMap<string, string> = new Map()) {
    this.#file = file
    this.text = text
    this.#given = definitions
    this.#lineEnd = this.#endOfLine(0)
  }

  /** From here on the word `name` reads as `value`, which may be a "string", a `command`, a number or a word. */
  define(name: string, value: string): void {
    this.#definitions.set(name, value)
  }

  next(): Token {
    this.#skip()
    const place = this.#place()
    if (this.#at >= this.text.length) {
      if (this.#conditional) fail(this.#conditional, 'an `#endif`', 'the end of the file')
      return { kind: 'end', text: '', place, start: this.#at, end: this.#at }
    }
    return this.#enclosed(place) ?? this.#plain(place)
  }

  #enclosed(place: Place): Token | undefined {
    if (!'"`%'.includes(this.text[this.#at]!)) return undefined
    const mark = ENCLOSED.find(([, open]) => this.text.startsWith(open, this.#at))
    if (!mark) return undefined
    const [kind, open, close, escapes] = mark
    const start = this.#at
    const end = this.#find(close, start + open.length, escapes)
    if (end === -1) fail(place, `a closing \`${close}\``, 'the end of the file')
    this.#advance(end + close.length)
    return { kind, text: this.text.slice(start + open.length, end), place, start, end: this.#at }
  }

  #find(close: string, from: number, escapes: boolean): number {
    if (!escapes) return this.text.indexOf(close, from)
    for (let i = from; i < this.text.length; i++) {
      if (this.text[i] === '\\') i++
      else if (this.text[i] === close) return i
    }
    return -1
  }

  #plain(place: Place): Token {
    const start = this.#at
    let kind: TokenKind = 'symbol'
    let end = start
    for (const [candidate, pattern] of CANDIDATES[this.text.charCodeAt(start)] ?? SYMBOL_ONLY) {
      pattern.lastIndex = start
      if (pattern.test(this.text) && pattern.lastIndex > end) {
        kind = candidate
        end = pattern.lastIndex
      }
    }
    this.#advance(end)
    const text = this.text.slice(kind === 'option' ? start + 2 : start, end)
    return this.#substitute({ kind, text, place, start, end })
  }

  #substitute(token: Token): Token {
    if (token.kind !== 'word' || RESERVED.has(token.text)) return token
    const value = this.#given.get(token.text) ?? this.#definitions.get(token.text)
    if (value === undefined) return token
    if (value.startsWith('"')) return { ...token, kind: 'string', text: unquote(value) }
    if (value.startsWith('`')) return { ...token, kind: 'command', text: unquote(value) }
    if (INTEGER.test(value)) return { ...token, kind: 'integer', text: value }
    if (HEX.test(value)) return { ...token, kind: 'hex', text: value }
    return { ...token, text: value }
  }

  /** Passes white space, comments and the marks of conditional text. */
  #skip(): void {
    for (let before = -1; before !== this.#at; ) {
      before = this.#at
      this.#skipMatch(SPACE)
      const next = this.text[this.#at]
      if (next === '/') this.#skipComment()
      else if (next === '#') this.#skipConditional()
    }
  }

  #skipMatch(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.#advance(pattern.lastIndex)
    return found
  }

  #skipComment(): void {
    this.#skipMatch(LINE_COMMENT)
    if (!this.text.startsWith('/*', this.#at)) return
    const end = this.text.indexOf('*/', this.#at + 2)
    if (end === -1) fail(this.#place(), 'a closing `*/`', 'the end of the file')
    this.#advance(end + 2)
  }

  /** `#ifdef NAME` ... `#endif`, one level, no else. The text of a name that is not defined is not even read. */
  #skipConditional(): void {
    const place = this.#place()
    const opening = this.#skipMatch(IFDEF)
    if (opening !== undefined) {
      if (this.#conditional) fail(place, 'an `#endif` before the next `#ifdef`', '`#ifdef`')
      if (this.#isDefined(opening.slice('#ifdef'.length).trim())) this.#conditional = place
      else this.#skipUntilEndif(place)
    } else if (this.#conditional && this.#skipMatch(ENDIF) !== undefined) {
      this.#conditional = undefined
    }
  }

  #skipUntilEndif(place: Place): void {
    const end = this.text.indexOf('#endif', this.#at)
    if (end === -1) fail(place, 'an `#endif`', 'the end of the file')
    this.#advance(end + '#endif'.length)
  }

  #isDefined(name: string): boolean {
    return this.#given.has(name) || this.#definitions.has(name)
  }

  #advance(to: number): void {
    while (this.#lineEnd < to) {
      this.#line++
      this.#lineStart = this.#lineEnd + 1
      this.#lineEnd = this.#endOfLine(this.#lineStart)
    }
    this.#at = to
  }

  #endOfLine(from: number): number {
    const end = this.text.indexOf('\n', from)
    return end === -1 ? this.text.length : end
  }

  #place(): Place {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 }
  }
}

const unquote = (value: string): string => value.slice(1, value.length > 1 ? -1 : undefined)
