import type { Script, ScriptEvent } from './ast.ts'
import { AssertionFailure } from './code-block.ts'
import { Mismatch } from './failure.ts'
import { type PacketPart, packetParts } from './format-packet.ts'
import { Crash, Livelock } from './machine.ts'
import { ScriptError } from './script-error.ts'
import type { ScriptPacket } from './script-packet.ts'

export type FailureKind = 'script' | 'packet' | 'call' | 'code' | 'command' | 'crash'

/** Why a script failed, ready to be shown. */
export interface Failure {
  readonly kind: FailureKind
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  /** The event as it stands in the script. */
  readonly source: string | undefined
  readonly expected: string | undefined
  readonly actual: string | undefined
  /** Blanks, and `^` under what differs in `actual`. */
  readonly marks: string | undefined
  /** The last packets, oldest first. */
  readonly packets: readonly string[]
  /** Counters of the stack that moved during the event. */
  readonly counters: readonly string[]
  /** Of a crash. */
  readonly stack: string | undefined
}

/** Describes what was thrown while `event` was played. */
export function failureOf(
  error: unknown,
  script: Script,
  event: ScriptEvent | undefined,
  packets: readonly string[],
  counters: readonly string[],
): Failure {
  const place = placeOf(error) ?? event?.place ?? { file: script.file, line: 1, column: 1 }
  const shown =
    error instanceof Mismatch
      ? showPackets(error)
      : { expected: undefined, actual: undefined, marks: undefined }
  return {
    kind: kindOf(error),
    ...{ file: place.file, line: place.line, column: place.column },
    message: messageOf(error),
    source: sourceOf(script, place, event),
    ...shown,
    packets,
    counters,
    stack: error instanceof Error && kindOf(error) === 'crash' ? error.stack : undefined,
  }
}

/** The event that `place` lies in, else the one that was played: a call may be found wrong long after it was made. */
function sourceOf(
  script: Script,
  place: { line: number; column: number },
  played: ScriptEvent | undefined,
): string | undefined {
  const event = script.events.find(
    ({ action }) => action.place.line === place.line && action.place.column === place.column,
  )
  const shown = event ?? played
  return shown && script.text.slice(shown.start, shown.end)
}

function placeOf(error: unknown): { file: string; line: number; column: number } | undefined {
  if (error instanceof ScriptError) return error
  return error instanceof Mismatch ? error.place : undefined
}

function kindOf(error: unknown): FailureKind {
  if (error instanceof Mismatch) return error.kind
  if (error instanceof AssertionFailure) return 'code'
  return error instanceof ScriptError ? 'script' : 'crash'
}

function messageOf(error: unknown): string {
  if (error instanceof ScriptError) return `expected ${error.expected}, found ${error.found}`
  if (error instanceof Crash) return `the stack crashed: ${error.message}`
  if (error instanceof Livelock || error instanceof Mismatch) return error.message
  return error instanceof Error ? `the runner crashed: ${error.message}` : String(error)
}

function showPackets({ expected, actual, parts }: Mismatch): Pick<Failure, 'expected' | 'actual' | 'marks'> {
  if (typeof actual !== 'object')
    return { expected: textOf(expected), actual: textOf(actual), marks: undefined }
  let text = ''
  let marks = ''
  for (const { part, text: piece } of packetParts(actual)) {
    text += `${text === '' ? '' : ' '}${piece}`
    const mark = parts.includes(part) ? '^'.repeat(piece.length) : ''
    marks = mark === '' ? marks : marks.padEnd(text.length - piece.length) + mark
  }
  const missing = parts.filter((part) => !packetParts(actual).some((shown) => shown.part === part))
  if (missing.length > 0) marks = `${marks.padEnd(text.length)} ^ ${missing.map(nameOf).join(', ')} missing`
  return { expected: textOf(expected), actual: text, marks: marks === '' ? undefined : marks }
}

const nameOf = (part: PacketPart): string => (part === 'window' ? 'win' : part)

function textOf(shown: ScriptPacket | string | undefined): string | undefined {
  if (shown === undefined || typeof shown === 'string') return shown
  return packetParts(shown)
    .map(({ text }) => text)
    .join(' ')
}

/** The failure as text of several lines. */
export function formatFailure(failure: Failure): string {
  const { file, line, kind, message, source, expected, actual, marks } = failure
  const lines = [`${file}:${line}: ${HANDLING[kind]}: ${message}`]
  if (source !== undefined) lines.push(...source.split('\n').map((text) => `    ${text.trimEnd()}`))
  if (expected !== undefined) lines.push(`  expected: ${expected}`)
  if (actual !== undefined) lines.push(`  actual:   ${actual}`)
  if (marks !== undefined) lines.push(`            ${marks}`)
  if (failure.packets.length > 0)
    lines.push('  last packets:', ...failure.packets.map((packet) => `    ${packet}`))
  if (failure.counters.length > 0) lines.push(`  counters: ${failure.counters.join(' ')}`)
  if (failure.stack !== undefined) lines.push(...failure.stack.split('\n').map((text) => `  ${text}`))
  return lines.join('\n')
}

const HANDLING: Readonly<Record<FailureKind, string>> = {
  script: 'error in the script',
  packet: 'error handling packet',
  call: 'error handling system call',
  code: 'error in code',
  command: 'error executing command',
  crash: 'error in the stack',
}
