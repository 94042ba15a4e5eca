import { type Duration, NEVER } from '../base/time.ts'
import type { Action, CommandAction, Script, ScriptEvent, ScriptOption } from './ast.ts'
import { parseCode } from './code-parser.ts'
import { Cursor } from './cursor.ts'
import { Lexer } from './lexer.ts'
import { parsePacket } from './parse-packet.ts'
import { parseSystemCall } from './parse-system-call.ts'
import { fail } from './script-error.ts'
import { type EventTime, formatSeconds, secondsToMicroseconds } from './script-time.ts'

/**
 * Reads a script of the packetdrill language, in either dialect.
 *
 * `text` holds a byte a character (Latin-1). `definitions` are the symbols given with `-D`: they replace words, turn on
 * `#ifdef` sections and win over the script's own `--define`.
 *
 * Errors: ScriptError, for every text that is not a script.
 */
export function parseScript(
  file: string,
  text: string,
  definitions: ReadonlyMap<string, string> = new Map(),
): Script {
  const cursor = new Cursor(new Lexer(file, text, definitions))
  const options = parseOptions(cursor)
  const init = parseCommand(cursor)
  const events = parseEvents(cursor)
  const cleanup = parseCommand(cursor)
  if (!cursor.is('end')) cursor.fail('the time of an event or the end of the file')
  checkOrder(events)
  return { file, text, options, init, events, cleanup }
}

function parseOptions(cursor: Cursor): ScriptOption[] {
  const options: ScriptOption[] = []
  for (let token = cursor.take('option'); token; token = cursor.take('option')) {
    const { text: name, place } = token
    let value: string | undefined
    if (name === 'define') value = parseDefinition(cursor)
    else if (cursor.takeSymbol('=')) value = parseOptionValue(cursor)
    options.push({ name, value, place })
  }
  return options
}

/** `=NAME=VALUE`, in force from the very next token on. */
function parseDefinition(cursor: Cursor): string {
  cursor.expectSymbol('=', ' and a definition `NAME=VALUE`')
  const { start, end } = cursor.next()
  const name = cursor.text.slice(start, end)
  cursor.expectSymbol('=', ' and the value of the symbol')
  const value = parseDefinedValue(cursor)
  cursor.define(name, value)
  return `${name}=${value}`
}

/** A number, a string, an address, or words with commas or dashes between. */
function parseOptionValue(cursor: Cursor): string {
  const token = cursor.next()
  switch (token.kind) {
    case 'integer':
    case 'hex':
    case 'float':
    case 'address':
    case 'string':
      return token.text
    case 'word':
      break
    default:
      cursor.fail('the value of the option', token)
  }
  let value = token.text
  while (cursor.isSymbol(',') || cursor.isSymbol('-')) {
    value += cursor.next().text + cursor.expect('word', 'a word of the option').text
  }
  return value
}

/** With its marks, which tell a string and a command from a word. */
function parseDefinedValue(cursor: Cursor): string {
  const token = cursor.next()
  switch (token.kind) {
    case 'word':
    case 'integer':
    case 'hex':
      return token.text
    case 'string':
      return `"${token.text}"`
    case 'command':
      return `\`${token.text}\``
    default:
      return cursor.fail('a word, a number, a string or a command', token)
  }
}

function parseCommand(cursor: Cursor): CommandAction | undefined {
  const token = cursor.take('command')
  return token && { kind: 'command', text: token.text, place: token.place }
}

function parseEvents(cursor: Cursor): ScriptEvent[] {
  const events: ScriptEvent[] = []
  while (isTime(cursor)) events.push(parseEvent(cursor))
  if (events.length === 0) cursor.fail('the time of an event')
  return events
}

const isTime = (cursor: Cursor): boolean =>
  cursor.isSymbol('+') || cursor.isSymbol('*') || cursor.is('integer') || cursor.is('float')

function parseEvent(cursor: Cursor): ScriptEvent {
  const { place, start } = cursor.peek()
  const time = parseTime(cursor)
  const at = cursor.peek()
  const action = parseAction(cursor, time)
  const isOutbound = action.kind === 'packet' && action.packet.direction === 'outbound'
  if ((time.window || time.base === 'any') && !isOutbound) {
    const form = time.window ? 'a window of time' : '`*`'
    cursor.fail(`an outbound packet (\`>\`) after ${form}`, at)
  }
  return { time, action, place, start, end: cursor.end }
}

function parseTime(cursor: Cursor): EventTime {
  if (cursor.takeSymbol('*')) return { base: 'any', from: 0, to: NEVER, window: false }
  const base = cursor.takeSymbol('+') ? 'previous' : 'start'
  const from = parseSeconds(cursor)
  if (!cursor.takeSymbol('~')) return { base, from, to: from, window: false }
  if (base === 'previous') cursor.expectSymbol('+', ' before the end of a relative window')
  const end = cursor.peek()
  const to = parseSeconds(cursor)
  if (to < from) cursor.fail(`an end of the window not before ${formatSeconds(from)} s`, end)
  return { base, from, to, window: true }
}

function parseSeconds(cursor: Cursor): Duration {
  const token = cursor.take('integer') ?? cursor.expect('float', 'a time in seconds')
  const time = secondsToMicroseconds(token.text)
  if (!(time >= 0 && time <= Number.MAX_SAFE_INTEGER)) cursor.fail('a time in seconds, not negative', token)
  return time
}

function parseAction(cursor: Cursor, time: EventTime): Action {
  const { kind, place, text } = cursor.peek()
  if (cursor.isSymbol('<') || cursor.isSymbol('>')) {
    return { kind: 'packet', packet: parsePacket(cursor), place }
  }
  if (kind === 'word') return parseSystemCall(cursor, undefined)
  if (kind === 'command') {
    cursor.next()
    return { kind, text, place }
  }
  if (kind === 'code') {
    cursor.next()
    return { kind, block: parseCode(text, { ...place, column: place.column + '%{'.length }), place }
  }
  if (cursor.take('ellipsis')) return parseBlockingCall(cursor, time)
  return cursor.fail('a packet (`<` or `>`), a system call, a command or a code block')
}

function parseBlockingCall(cursor: Cursor, time: EventTime): Action {
  const at = cursor.peek()
  const until = parseSeconds(cursor)
  if (until < time.from) cursor.fail(`an end of the call not before ${formatSeconds(time.from)} s`, at)
  return parseSystemCall(cursor, until)
}

/** A script begins at 0, and absolute times do not run backwards. */
function checkOrder(events: readonly ScriptEvent[]): void {
  const first = events[0]!
  if (first.time.base !== 'any' && first.time.from !== 0) {
    fail(first.place, 'time 0 for the first event', `${formatSeconds(first.time.from)} s`)
  }
  for (const [i, event] of events.entries()) {
    const before = events[i - 1]
    if (before?.time.base !== 'start' || event.time.base !== 'start') continue
    if (event.time.from < before.time.from) {
      fail(
        event.place,
        `a time not before ${formatSeconds(before.time.from)} s`,
        formatSeconds(event.time.from),
      )
    }
  }
}
