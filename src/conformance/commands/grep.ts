import type { Invocation, ProgramResult } from './programs.ts'

/** `grep [-c] [-q] [-v] [-i] [-E] PATTERN`: succeeds when a line matches. */
export function grep({ words, input }: Invocation): ProgramResult {
  const flags = words.filter((word) => word.startsWith('-')).join('')
  const pattern = words.find((word) => !word.startsWith('-')) ?? ''
  const expression = new RegExp(pattern, flags.includes('i') ? 'i' : '')
  const lines = input.split('\n').filter((line) => line !== '')
  const found = lines.filter((line) => expression.test(line) !== flags.includes('v'))
  const output = flags.includes('q')
    ? ''
    : flags.includes('c')
      ? `${found.length}\n`
      : found.map((l) => `${l}\n`).join('')
  return { status: found.length > 0 ? 0 : 1, output }
}
