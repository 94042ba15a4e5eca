import type { CodeBlock, CodeExpression, CodeStatement, CodeValue } from './code-ast.ts'
import { add, binary, compare, formatValue, isTrue, negate, truncate } from './code-values.ts'
import { fail, type Place, ScriptError } from './script-error.ts'

/** An assertion of a code block that does not hold: `expected` is the test as written, `found` the names' values. */
export class AssertionFailure extends ScriptError {
  /** What the assertion gave as its message. */
  readonly note: string | undefined

  constructor(place: Place, test: string, values: string, note: string | undefined) {
    super(place, test, note === undefined ? values : `${values} (${note})`)
    this.name = 'AssertionFailure'
    this.note = note
  }
}

/**
 * Runs a code block. `variables` holds what the runner supplies (`tcpi_*` and constants) and what earlier blocks
 * assigned; assignments of this block are stored there. `print` receives the lines that the block prints.
 *
 * Errors: AssertionFailure at the assertion, ScriptError for a name without a value or an operation without a meaning.
 */
export function runCodeBlock(
  block: CodeBlock,
  variables: Map<string, CodeValue>,
  print: (line: string) => void = () => {},
): void {
  new Evaluator(variables, print).run(block.statements)
}

class Evaluator {
  readonly #variables: Map<string, CodeValue>
  readonly #print: (line: string) => void

  constructor(variables: Map<string, CodeValue>, print: (line: string) => void) {
    this.#variables = variables
    this.#print = print
  }

  run(statements: readonly CodeStatement[]): void {
    for (const statement of statements) this.#statement(statement)
  }

  #statement(statement: CodeStatement): void {
    switch (statement.kind) {
      case 'assert':
        if (!isTrue(this.#value(statement.test))) this.#assertionFailed(statement)
        break
      case 'assign':
        this.#variables.set(statement.name, this.#value(statement.value))
        break
      case 'if':
        this.run(isTrue(this.#value(statement.test)) ? statement.then : statement.otherwise)
        break
      case 'expression':
        this.#value(statement.value)
        break
      case 'pass':
        break
    }
  }

  #assertionFailed(statement: CodeStatement & { kind: 'assert' }): never {
    const names = new Set<string>()
    collectNames(statement.test, names)
    const values = [...names].map(
      (name) => `${name} = ${formatValue(this.#variables.get(name) ?? null, true)}`,
    )
    const note = statement.message && formatValue(this.#value(statement.message), false)
    throw new AssertionFailure(statement.place, statement.text, values.join(', ') || 'that it is false', note)
  }

  #value(expression: CodeExpression): CodeValue {
    const { place } = expression
    switch (expression.kind) {
      case 'value':
        return expression.value
      case 'name':
        return this.#variables.get(expression.name) ?? this.#unknown(expression.name, place)
      case 'tuple':
        return expression.items.map((item) => this.#value(item))
      case 'call':
        return this.#call(expression)
      case 'unary':
        return unary(expression.operator, this.#value(expression.of), place)
      case 'binary':
        return this.#binary(expression)
      case 'compare':
        return this.#compare(expression)
      case 'choice':
        return this.#value(isTrue(this.#value(expression.test)) ? expression.then : expression.otherwise)
    }
  }

  /** None is a value, but a name that was never set has none. */
  #unknown(name: string, place: Place): CodeValue {
    return this.#variables.has(name) ? null : fail(place, 'a variable that has a value', `\`${name}\``)
  }

  #binary(expression: CodeExpression & { kind: 'binary' }): CodeValue {
    const { operator, place } = expression
    const left = this.#value(expression.left)
    if (operator === 'and') return isTrue(left) ? this.#value(expression.right) : left
    if (operator === 'or') return isTrue(left) ? left : this.#value(expression.right)
    const right = this.#value(expression.right)
    return operator === '+' ? add(left, right, place) : binary(operator, left, right, place)
  }

  #compare(expression: CodeExpression & { kind: 'compare' }): boolean {
    let left = this.#value(expression.first)
    for (const { operator, operand } of expression.rest) {
      const right = this.#value(operand)
      if (!compare(operator, left, right, expression.place)) return false
      left = right
    }
    return true
  }

  #call(call: CodeExpression & { kind: 'call' }): CodeValue {
    const args = call.arguments.map((argument) => this.#value(argument))
    if (call.name === 'print') {
      this.#print(args.map((value) => formatValue(value, false)).join(' '))
      return null
    }
    const builtin = BUILTINS.get(call.name)
    if (!builtin) fail(call.place, 'print, min, max, abs, int, str or len', `\`${call.name}\``)
    return builtin(args, call.place)
  }
}

type Builtin = (args: readonly CodeValue[], place: Place) => CodeValue

const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['min', (args, place) => extreme(args, '<', place)],
  ['max', (args, place) => extreme(args, '>', place)],
  ['abs', ([value], place) => Math.abs(numberOf(value, place))],
  ['int', ([value], place) => truncate(numberOf(value, place), place)],
  ['str', ([value = '']) => formatValue(value, false)],
  ['len', ([value], place) => lengthOf(value, place)],
])

function extreme(args: readonly CodeValue[], operator: string, place: Place): CodeValue {
  const [first] = args
  const values = args.length === 1 && Array.isArray(first) ? (first as readonly CodeValue[]) : args
  const [start, ...others] = values
  if (start === undefined) return fail(place, 'at least one value', 'none')
  return others.reduce((best, value) => (compare(operator, value, best, place) ? value : best), start)
}

function lengthOf(value: CodeValue | undefined, place: Place): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return fail(place, 'a string or a tuple', formatValue(value ?? null, true))
}

function numberOf(value: CodeValue | undefined, place: Place): number {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value)
  return fail(place, 'a number', value === undefined ? 'no argument' : formatValue(value, true))
}

function unary(operator: string, value: CodeValue, place: Place): CodeValue {
  if (operator === 'not') return !isTrue(value)
  return negate(operator, numberOf(value, place), place)
}

/** The variables of an expression, in the order in which they are written. */
function collectNames(expression: CodeExpression, names: Set<string>): void {
  switch (expression.kind) {
    case 'name':
      names.add(expression.name)
      break
    case 'tuple':
      for (const item of expression.items) collectNames(item, names)
      break
    case 'call':
      for (const argument of expression.arguments) collectNames(argument, names)
      break
    case 'unary':
      collectNames(expression.of, names)
      break
    case 'binary':
      collectNames(expression.left, names)
      collectNames(expression.right, names)
      break
    case 'compare':
      collectNames(expression.first, names)
      for (const { operand } of expression.rest) collectNames(operand, names)
      break
    case 'choice':
      for (const part of [expression.test, expression.then, expression.otherwise]) collectNames(part, names)
      break
  }
}
