import type { CommandAction } from '../ast.ts'
import { Mismatch } from '../failure.ts'
import { fail } from '../script-error.ts'
import { programs, type Subject } from './programs.ts'
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
  { words, output }: ShellCommand,
  input: string,
  { place }: CommandAction,
  subject: Subject,
): { status: number; output: string } {
  const name = words[0]!.slice(words[0]!.lastIndexOf('/') + 1)
  const program = programs.get(name) ?? programs.get(words[0]!) ?? restorer(name)
  if (program === undefined) {
    return fail(place, `a command that is known here: ${[...programs.keys()].join(', ')}`, `\`${words[0]}\``)
  }
  const result = program({ words: words.slice(1), input, output, subject, place })
  return output === undefined ? result : { status: result.status, output: '' }
}

/** A fresh stack needs nothing restored. */
const restorer = (name: string): (() => { status: number; output: string }) | undefined =>
  name.startsWith('sysctl_restore') ? () => ({ status: 0, output: '' }) : undefined
