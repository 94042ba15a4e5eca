// Builds the C programs beside this file, each from the one file of its name, when they are older than their source.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))

/**
 * The path of the program `name`, built if need be. Throws an Error with the compiler's words.
 * @param {string} name
 * @returns {string}
 */
export function nativeProgram(name) {
  const source = join(HERE, `${name}.c`)
  const program = join(HERE, 'build', name)
  if (existsSync(program) && statSync(program).mtimeMs >= statSync(source).mtimeMs) return program
  mkdirSync(join(HERE, 'build'), { recursive: true })
  // Two that build at one time do not meet in a half-written file.
  const draft = `${program}.${process.pid}`
  const compiler = process.env.CC ?? 'cc'
  const { status, stderr, error } = spawnSync(compiler, ['-O2', '-Wall', '-Wextra', '-o', draft, source], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${compiler} ${name}.c: ${error?.message ?? stderr}`)
  renameSync(draft, program)
  return program
}
