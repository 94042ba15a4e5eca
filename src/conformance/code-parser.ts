import type { CodeBlock, CodeExpression, CodeStatement } from './code-ast.ts'
import { type CodeToken, type CodeTokenKind, codeTokens } from './code-tokens.ts'
import { fail, type Place } from './script-error.ts'

/** Binary operators from the loosest to the tightest. */
const LEVELS: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%'],
]

const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>=', 'in']
const ASSIGNMENTS: readonly string[] = ['+=', '-=', '*=', '/=', '//=', '%=', '&=', '|=', '^=']
const KEYWORDS: ReadonlySet<string> = new Set([
  ...[
    'and',
    'or',
    'not',
    'if',
    'elif',
    'else',
    'in',
    'is',
    'assert',
    'pass',
    'for',
    'while',
    'def',
    'class',
    'lambda',
  ],
  ...[
    'import',
    'from',
    'return',
    'try',
    'except',
    'raise',
    'with',
    'del',
    'global',
    'break',
    'continue',
    'yield',
  ],
])
const LITERALS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['True', true],
  ['False', false],
  ['None', null],
])

/** Deepest nesting and most operators of a block; both bound the evaluator's recursion. */
const DEPTH = 64
const OPERATORS = 500

class CodeParser {
  readonly #text: string
  readonly #tokens: readonly CodeToken[]
  #at = 0
  #depth = 0
  #operators = 0

  constructor(text: string, place: Place) {
    this.#text = text
    this.#tokens = codeTokens(text, place)
  }

  block(): readonly CodeStatement[] {
    const statements: CodeStatement[] = []
    while (!this.#isKind('end')) statements.push(...this.#line())
    return statements
  }

  /** A compound statement, or simple ones with semicolons between. */
  #line(): readonly CodeStatement[] {
    if (this.#is('if')) return [this.#nested(() => this.#if())]
    const statements = [this.#simple()]
    while (this.#take(';') && !this.#isKind('newline')) statements.push(this.#simple())
    if (!this.#takeKind('newline')) this.#fail('the end of the statement')
    return statements
  }

  #if(): CodeStatement {
    const { place } = this.#next()
    const test = this.#expression()
    const then = this.#suite()
    let otherwise: readonly CodeStatement[] = []
    if (this.#is('elif')) otherwise = [this.#nested(() => this.#if())]
    else if (this.#take('else')) otherwise = this.#suite()
    return { kind: 'if', test, then, otherwise, place }
  }

  /** The body behind a colon: the rest of the line, or the indented lines below. */
  #suite(): readonly CodeStatement[] {
    if (!this.#take(':')) this.#fail('`:`')
    if (!this.#takeKind('newline')) return this.#line()
    if (!this.#takeKind('indent')) this.#fail('an indented line')
    const statements: CodeStatement[] = []
    while (!this.#takeKind('dedent')) statements.push(...this.#line())
    return statements
  }

  #simple(): CodeStatement {
    const { place } = this.#peek()
    if (this.#take('pass')) return { kind: 'pass', place }
    if (this.#take('assert')) return this.#assert(place)
    const value = this.#expressions()
    const operator = this.#peek().text
    if (!this.#is('=') && !(this.#isKind('operator') && ASSIGNMENTS.includes(operator))) {
      return { kind: 'expression', value, place }
    }
    if (value.kind !== 'name') fail(place, 'a name to assign to', 'an expression')
    this.#next()
    const right = this.#expressions()
    if (operator === '=') return { kind: 'assign', name: value.name, value: right, place }
    const sum: CodeExpression = { kind: 'binary', operator: operator.slice(0, -1), left: value, right, place }
    return { kind: 'assign', name: value.name, value: sum, place }
  }

  #assert(place: Place): CodeStatement {
    const { start } = this.#peek()
    const test = this.#expression()
    const text = this.#text.slice(start, this.#tokens[this.#at - 1]!.end)
    return { kind: 'assert', test, message: this.#take(',') ? this.#expression() : undefined, text, place }
  }

  /** One expression, or several with commas: a tuple. */
  #expressions(): CodeExpression {
    const { place } = this.#peek()
    const first = this.#expression()
    if (!this.#is(',')) return first
    const items = [first]
    while (this.#take(',') && !this.#isKind('newline') && !this.#is(')')) items.push(this.#expression())
    return { kind: 'tuple', items, place }
  }

  #expression(): CodeExpression {
    return this.#nested(() => {
      const then = this.#or()
      const { place } = this.#peek()
      if (!this.#take('if')) return then
      const test = this.#or()
      if (!this.#take('else')) this.#fail('`else`')
      return { kind: 'choice', test, then, otherwise: this.#expression(), place }
    })
  }

  #or(): CodeExpression {
    return this.#chain(['or'], () => this.#chain(['and'], () => this.#not()))
  }

  #not(): CodeExpression {
    const { place } = this.#peek()
    if (!this.#take('not')) return this.#comparison()
    return { kind: 'unary', operator: 'not', of: this.#nested(() => this.#not()), place }
  }

  #comparison(): CodeExpression {
    const { place } = this.#peek()
    const first = this.#level(0)
    const rest: { operator: string; operand: CodeExpression }[] = []
    for (let operator = this.#comparator(); operator; operator = this.#comparator()) {
      rest.push({ operator, operand: this.#level(0) })
    }
    return rest.length === 0 ? first : { kind: 'compare', first, rest, place }
  }

  #comparator(): string | undefined {
    if (this.#take('not')) {
      if (!this.#take('in')) this.#fail('`in`')
      return 'not in'
    }
    const token = this.#peek()
    if (token.kind === 'string' || !COMPARISONS.includes(token.text)) return undefined
    return this.#next().text
  }

  #level(level: number): CodeExpression {
    const operators = LEVELS[level]
    return operators ? this.#chain(operators, () => this.#level(level + 1)) : this.#unary()
  }

  /** Operators of one level, from left to right. */
  #chain(operators: readonly string[], operand: () => CodeExpression): CodeExpression {
    let left = operand()
    while (!this.#isKind('string') && operators.includes(this.#peek().text)) {
      if (++this.#operators > OPERATORS) this.#fail(`at most ${OPERATORS} operators`)
      const { text: operator, place } = this.#next()
      left = { kind: 'binary', operator, left, right: operand(), place }
    }
    return left
  }

  #unary(): CodeExpression {
    const { text: operator, place } = this.#peek()
    if (!this.#take('-') && !this.#take('+') && !this.#take('~')) return this.#primary()
    return { kind: 'unary', operator, of: this.#nested(() => this.#unary()), place }
  }

  #primary(): CodeExpression {
    const { kind, text, place } = this.#peek()
    if (kind === 'number') {
      this.#next()
      return { kind: 'value', value: Number(text), place }
    }
    if (kind === 'string') return { kind: 'value', value: this.#strings(), place }
    if (kind === 'name' && !KEYWORDS.has(text)) return this.#name()
    if (this.#take('(')) return this.#parenthesized(place)
    return this.#fail('an expression')
  }

  #strings(): string {
    let text = ''
    while (this.#isKind('string')) text += this.#next().text
    return text
  }

  #name(): CodeExpression {
    const { text: name, place } = this.#next()
    const literal = LITERALS.get(name)
    if (literal !== undefined) return { kind: 'value', value: literal, place }
    if (!this.#take('(')) return { kind: 'name', name, place }
    const args: CodeExpression[] = []
    while (!this.#is(')')) {
      args.push(this.#expression())
      if (!this.#take(',')) break
    }
    if (!this.#take(')')) this.#fail('`)` or `,`')
    return { kind: 'call', name, arguments: args, place }
  }

  #parenthesized(place: Place): CodeExpression {
    if (this.#take(')')) return { kind: 'tuple', items: [], place }
    const inner = this.#expressions()
    if (!this.#take(')')) this.#fail('`)`')
    return inner
  }

  #nested<T>(read: () => T): T {
    if (this.#depth === DEPTH) this.#fail(`at most ${DEPTH} levels of nesting`)
    this.#depth++
    const result = read()
    this.#depth--
    return result
  }

  #peek(): CodeToken {
    return this.#tokens[this.#at]!
  }

  #next(): CodeToken {
    const token = this.#peek()
    if (token.kind !== 'end') this.#at++
    return token
  }

  #isKind(kind: CodeTokenKind): boolean {
    return this.#peek().kind === kind
  }

  /** Whether the next token is that keyword or operator. */
  #is(text: string): boolean {
    const token = this.#peek()
    return token.text === text && (token.kind === 'name' || token.kind === 'operator')
  }

  #take(text: string): boolean {
    const found = this.#is(text)
    if (found) this.#next()
    return found
  }

  #takeKind(kind: CodeTokenKind): boolean {
    const found = this.#isKind(kind)
    if (found) this.#next()
    return found
  }

  #fail(expected: string): never {
    const { kind, text, place } = this.#peek()
    fail(place, expected, NAMES[kind] ?? `\`${text}\``)
  }
}

const NAMES: Partial<Record<CodeTokenKind, string>> = {
  newline: 'the end of the line',
  indent: 'an indentation',
  dedent: 'a line with less indentation',
  end: 'the end of the code block',
  string: 'a string',
}

/**
 * Reads the text of a code block. `place`: of its first character.
 *
 * Errors: ScriptError at the place in the script.
 */
export function parseCode(text: string, place: Place): CodeBlock {
  return { statements: new CodeParser(text, place).block(), place }
}
