import { fail, type Place } from './script-error.ts'

export type CodeTokenKind =
  | 'number'
  | 'string'
  | 'name'
  | 'operator'
  | 'newline'
  | 'indent'
  | 'dedent'
  | 'end'

export interface CodeToken {
  readonly kind: CodeTokenKind
  /** What was written; of a string its content with the escapes resolved. */
  readonly text: string
  readonly place: Place
  /** Offsets in the block's text. */
  readonly start: number
  readonly end: number
}

const BLANKS = /(?:[ \t\r\f]|\\\r?\n)+/y
const COMMENT = /#[^\n]*/y
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const STRING = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y
const OPERATOR = /\*\*|\/\/=?|<<|>>|[=!<>+\-*/%&|^]=|[-+*/%&|^~<>=(),;:[\]]/y

const TAB = 8

/** Cuts a code block into tokens, line ends and indentation among them, as Python does. */
class CodeLexer {
  readonly #text: string
  readonly #place: Place
  readonly #tokens: CodeToken[] = []
  /** Columns of the open indentations. The first is that of the block's first line. */
  readonly #indents: number[] = []
  #at = 0
  #line = 0
  #lineStart = 0
  #brackets = 0

  constructor(text: string, place: Place) {
    this.#text = text
    this.#place = place
  }

  run(): CodeToken[] {
    let isLineStart = true
    for (this.#skip(); this.#at < this.#text.length; this.#skip()) {
      if (this.#text[this.#at] === '\n') {
        if (!isLineStart && this.#brackets === 0) this.#push('newline', '', this.#at)
        this.#newline()
        isLineStart = isLineStart || this.#brackets === 0
        continue
      }
      if (isLineStart) this.#indent()
      isLineStart = false
      this.#token()
    }
    if (!isLineStart) this.#push('newline', '', this.#at)
    for (let i = 1; i < this.#indents.length; i++) this.#push('dedent', '', this.#at)
    this.#push('end', '', this.#at)
    return this.#tokens
  }

  #skip(): void {
    while (this.#match(BLANKS) !== undefined || this.#match(COMMENT) !== undefined);
  }

  #token(): void {
    const start = this.#at
    const kinds = [
      ['number', NUMBER],
      ['name', NAME],
      ['string', STRING],
      ['operator', OPERATOR],
    ] as const
    for (const [kind, pattern] of kinds) {
      const text = this.#match(pattern)
      if (text === undefined) continue
      if (text === '(' || text === '[') this.#brackets++
      if (text === ')' || text === ']') this.#brackets = Math.max(0, this.#brackets - 1)
      this.#push(kind, kind === 'string' ? unescapeCode(text.slice(1, -1)) : text, start)
      return
    }
    fail(this.#placeOf(start), 'code', `\`${this.#text[start]}\``)
  }

  /** Compares the column of a line's first token with the indentations that are open. */
  #indent(): void {
    const column = this.#column()
    if (this.#indents.length === 0) this.#indents.push(column)
    if (column > this.#indents.at(-1)!) {
      this.#indents.push(column)
      this.#push('indent', '', this.#at)
    }
    while (column < this.#indents.at(-1)!) {
      if (this.#indents.length === 1) {
        // What stands on the line of the opening mark is trimmed; the lines below begin where they like.
        this.#indents[0] = column
        return
      }
      this.#indents.pop()
      this.#push('dedent', '', this.#at)
      if (column > this.#indents.at(-1)!)
        fail(this.#placeOf(this.#at), 'the indentation of a line above', 'another')
    }
  }

  /** The first line is trimmed: its column is 0 wherever the block begins. */
  #column(): number {
    if (this.#line === 0) return 0
    let column = 0
    for (let i = this.#lineStart; i < this.#at; i++) {
      column = this.#text[i] === '\t' ? column - (column % TAB) + TAB : column + 1
    }
    return column
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#text)?.[0]
    if (text === undefined) return undefined
    for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1))
      this.#countLine(this.#at + i + 1)
    this.#at += text.length
    return text
  }

  #newline(): void {
    this.#at++
    this.#countLine(this.#at)
  }

  #countLine(start: number): void {
    this.#line++
    this.#lineStart = start
  }

  #push(kind: CodeTokenKind, text: string, start: number): void {
    this.#tokens.push({ kind, text, place: this.#placeOf(start), start, end: this.#at })
  }

  #placeOf(offset: number): Place {
    const { file, line, column } = this.#place
    if (this.#line === 0) return { file, line, column: column + offset }
    return { file, line: line + this.#line, column: Math.max(offset - this.#lineStart, 0) + 1 }
  }
}

/** `place`: of the text's first character. Errors: ScriptError for what is not a token. */
export const codeTokens = (text: string, place: Place): CodeToken[] => new CodeLexer(text, place).run()

const SIMPLE_ESCAPES = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['\n', ''],
])

/** An escape that Python does not know stays as it is. */
const unescapeCode = (text: string): string =>
  text.replace(/\\([\s\S])/g, (whole, letter: string) => SIMPLE_ESCAPES.get(letter) ?? whole)
