import type { Expression, SystemCall } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './parse-expression.ts'

/**
 * `name(arguments) = result ERRNO (note)`, the cursor at its name. `until`: when a blocking call must return
 * (microseconds).
 */
export function parseSystemCall(cursor: Cursor, until: number | undefined): SystemCall {
  const { text: name, place } = cursor.expect('word', 'the name of a system call')
  const args = parseArguments(cursor)
  cursor.expectSymbol('=', ' and the result of the call')
  const result = parseExpression(cursor)
  const errno = cursor.take('word')?.text
  const note = cursor.isSymbol('(') ? parseNote(cursor) : undefined
  return { kind: 'call', name, arguments: args, result, errno, note, until, place }
}

function parseArguments(cursor: Cursor): Expression[] {
  const list: Expression[] = []
  cursor.expectSymbol('(', ' and the arguments of the call')
  if (cursor.takeSymbol(')')) return list
  do list.push(parseExpression(cursor))
  while (cursor.takeSymbol(','))
  cursor.expectSymbol(')', ' or `,` after an argument')
  return list
}

/** Any words in parentheses: a comment, given back as it stands in the script. */
function parseNote(cursor: Cursor): string {
  const opening = cursor.next()
  let depth = 1
  let end = opening.end
  while (depth > 0) {
    const token = cursor.next()
    if (token.kind === 'end') cursor.fail('`)` at the end of the note', token)
    if (token.kind === 'symbol' && token.text === '(') depth++
    if (token.kind === 'symbol' && token.text === ')') depth--
    end = token.start
  }
  return cursor.text.slice(opening.end, end).trim()
}
