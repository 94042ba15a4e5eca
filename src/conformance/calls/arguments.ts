import type { Expression, StructLiteral, StructType, SystemCall } from '../ast.ts'
import { formatExpression, integerOf, itemsOf, structOf } from '../expression.ts'
import { fail, type Place } from '../script-error.ts'

/** Largest buffer that a call may name. */
const BUFFER_MAX = 1 << 28

const ZEROS = new Uint8Array(1 << 16)

/** The arguments of one system call. Everything throws ScriptError, at the argument's place, for what it cannot be. */
export class Arguments {
  readonly call: SystemCall
  readonly #list: readonly Expression[]

  constructor(call: SystemCall) {
    this.call = call
    this.#list = call.arguments
  }

  get place(): Place {
    return this.call.place
  }

  get count(): number {
    return this.#list.length
  }

  /** Checks how many there are. */
  expect(least: number, most = least): void {
    if (this.count >= least && this.count <= most) return
    const wanted = least === most ? `${least}` : `${least} to ${most}`
    fail(this.place, `${wanted} arguments of ${this.call.name}()`, String(this.count))
  }

  at(i: number): Expression {
    return (
      this.#list[i] ?? fail(this.place, `argument ${i + 1} of ${this.call.name}()`, `${this.count} arguments`)
    )
  }

  /** Written as `...`. */
  isSupplied(i: number): boolean {
    return this.at(i).kind === 'ellipsis'
  }

  integer(i: number): number {
    return integerOf(this.at(i))
  }

  /** The integer, or `otherwise` where the script writes `...`. */
  integerOr(i: number, otherwise: number): number {
    return this.isSupplied(i) ? otherwise : this.integer(i)
  }

  /** The one element of `[x]`. */
  element(i: number): Expression {
    const items = itemsOf(this.at(i))
    return items.length === 1
      ? items[0]!
      : fail(this.at(i).place, 'one value in brackets', formatExpression(this.at(i)))
  }

  struct(i: number, type: StructType): StructLiteral {
    return structOf(this.at(i), type)
  }

  /** A length of a buffer, argument `i`. */
  length(i: number): number {
    return lengthOf(this.at(i))
  }

  /** The bytes of a buffer: those of a string, then zeros. */
  buffer(i: number, length: number): Uint8Array {
    return bufferOf(this.at(i), length)
  }

  /** The string of a buffer, or nothing. */
  text(i: number): string {
    return textOf(this.at(i))
  }
}

export function lengthOf(expression: Expression): number {
  const length = integerOf(expression)
  if (length >= 0 && length <= BUFFER_MAX) return length
  return fail(expression.place, `a length from 0 to ${BUFFER_MAX}`, String(length))
}

export function bufferOf(expression: Expression, length: number): Uint8Array {
  const text = textOf(expression)
  if (text === '') return length <= ZEROS.length ? ZEROS.subarray(0, length) : new Uint8Array(length)
  const bytes = new Uint8Array(length)
  for (let i = 0; i < Math.min(length, text.length); i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

export function textOf(expression: Expression): string {
  if (expression.kind === 'string') return expression.value
  if (expression.kind === 'ellipsis' || expression.kind === 'name') return ''
  return fail(expression.place, '`...` or a string', formatExpression(expression))
}
