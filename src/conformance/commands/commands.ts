import type { CommandAction } from '../ast.ts'
import { Mismatch } from '../failure.ts'
import { fail, type Place } from '../script-error.ts'
import { type ProgramResult, programs, type Subject } from './programs.ts'
import { type Pipeline, parseShell, type ShellCommand } from './shell.ts'

/**
 * Runs a command against the stack under test: programs that scripts name, which do here what they would do to a host. No shell and no
 * program of the host is ever started.
 *
 * Errors: ScriptError for a program that is not known; Mismatch when the last one fails.
 */
export function runCommand(command: CommandAction, subject: Subject): void {
  let status = 0
  let said = ''
  for (const pipeline of parseShell(command.text, command.place)) {
    if (pipeline.after === 'success' && status !== 0) continue
    if (pipeline.after === 'failure' && status === 0) continue
    const result = runPipeline(pipeline, command, subject)
    status = result.status
    said = result.output
  }
  if (status === 0) return
  const detail = said.trim() === '' ? '' : `: ${said.trim()}`
  throw new Mismatch('command', command.place, `the command failed with status ${status}${detail}`)
}

function runPipeline(
  pipeline: Pipeline,
  command: CommandAction,
  subject: Subject,
): { status: number; output: string } {
  let result = { status: 0, output: '' }
  for (const part of pipeline.commands) result = runOne(part, result.output, command, subject)
  return result
}

function runOne(
  command: ShellCommand,
  input: string,
  { place }: CommandAction,
  subject: Subject,
): ProgramResult {
  const result = runProgram(command, input, place, subject)
  if (result === undefined) {
    const known = [...programs.keys()].join(', ')
    return fail(place, `a command that is known here: ${known}`, `\`${command.words[0]}\``)
  }
  return command.output === undefined ? result : { status: result.status, output: '' }
}

/** Runs the program of that name, which may be a path. Undefined: there is none. */
export function runProgram(
  { words, output }: ShellCommand,
  input: string,
  place: Place,
  subject: Subject,
): ProgramResult | undefined {
  const [path = '', ...rest] = words
  const name = path.slice(path.lastIndexOf('/') + 1)
  const program = programs.get(name) ?? restorer(name)
  return program?.({ words: rest, input, output, subject, place })
}

/** A fresh stack needs nothing restored. */
const restorer = (name: string): (() => { status: number; output: string }) | undefined =>
  name.startsWith('sysctl_restore') ? () => ({ status: 0, output: '' }) : undefined
