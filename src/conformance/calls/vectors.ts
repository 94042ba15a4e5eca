import type { Expression } from '../ast.ts'
import { integerOf, itemsOf, memberOf, structOf } from '../expression.ts'
import { fail } from '../script-error.ts'
import { type Arguments, bufferOf, lengthOf, textOf } from './arguments.ts'
import type { OutputDifference } from './outcome.ts'

/** A buffer that a call names. */
export interface Vector {
  readonly base: Expression
  readonly length: number
}

/** The buffer of argument `base`, whose length is argument `length`. */
export const oneVector = (call: Arguments, base: number, length: number): Vector[] => [
  { base: call.at(base), length: call.length(length) },
]

/** `[{..., n}, ...]`; `count` says how many. */
export function vectorsOf(list: Expression, count: number): Vector[] {
  const items = itemsOf(list)
  if (items.length !== count) fail(list.place, `${count} buffers`, String(items.length))
  return items.map((item) => {
    const struct = structOf(item, 'iovec')
    return { base: memberOf(struct, 'iov_base'), length: lengthOf(memberOf(struct, 'iov_len')) }
  })
}

/** Those of the struct msghdr that is argument 1. */
export function messageVectors(call: Arguments): Vector[] {
  const message = call.struct(1, 'msghdr')
  const count = message.fields.get('msg_iovlen')
  const list = memberOf(message, 'msg_iov')
  return vectorsOf(
    list,
    count === undefined || count.kind === 'ellipsis' ? itemsOf(list).length : integerOf(count),
  )
}

export const totalOf = (vectors: readonly Vector[]): number =>
  vectors.reduce((sum, { length }) => sum + length, 0)

/** NULL, where bytes should be. */
export const isNowhere = ({ base, length }: Vector): boolean => base.kind === 'name' && length > 0

/** One buffer with all that is to be sent. */
export function gather(vectors: readonly Vector[]): Uint8Array {
  if (vectors.length === 1) return bufferOf(vectors[0]!.base, vectors[0]!.length)
  const bytes = new Uint8Array(totalOf(vectors))
  let at = 0
  for (const { base, length } of vectors) {
    bytes.set(bufferOf(base, length), at)
    at += length
  }
  return bytes
}

/** The same as text; '' when it is all zeros. */
export function textsOf(vectors: readonly Vector[]): string {
  if (vectors.every(({ base }) => base.kind !== 'string')) return ''
  return vectors.map(({ base, length }) => textOf(base).slice(0, length).padEnd(length, '\0')).join('')
}

/** Where the bytes read are not those that the script writes. */
export function contentDifference(
  vectors: readonly Vector[],
  bytes: Uint8Array,
  count: number,
): OutputDifference | undefined {
  let at = 0
  for (const { base, length } of vectors) {
    if (base.kind === 'string') {
      const found = latin1(bytes.subarray(at, Math.max(at, Math.min(at + length, count))))
      const wanted = textOf(base)
      const isSame = base.open ? found.startsWith(wanted) : found === wanted.slice(0, found.length)
      if (!isSame)
        return { what: 'the bytes read', expected: JSON.stringify(wanted), actual: JSON.stringify(found) }
    }
    at += length
  }
  return undefined
}

export const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
