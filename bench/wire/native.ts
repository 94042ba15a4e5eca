import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCES = fileURLToPath(new URL('../native/', import.meta.url))
const BUILD = join(SOURCES, 'build')

/** Each program: the files that begin so, and what else the compiler is told. */
const PROGRAMS = {
  load: { sources: /^load.*\.c$/, flags: [] },
  limits: { sources: /^limits.*\.c$/, flags: [] },
  serve: { sources: /^serve\.c$/, flags: [] },
  lwip: { sources: /^lwip\.c$/, flags: ['-I/usr/include/lwip', '-llwip'] },
} as const

export type ProgramName = keyof typeof PROGRAMS

export const pathOf = (name: ProgramName): string => join(BUILD, name)

/** Why lwIP cannot be measured here, or undefined. */
export const lacksLwip = (): string | undefined =>
  existsSync('/usr/include/lwip/lwip/tcp.h') ? undefined : 'liblwip-dev is not installed'

/** Compiles a program unless it is newer than all sources. Throws with what the compiler says. */
export function build(name: ProgramName): void {
  const files = readdirSync(SOURCES).filter((file) => /\.[ch]$/.test(file))
  const isFresh =
    existsSync(pathOf(name)) &&
    files.every((file) => statSync(join(SOURCES, file)).mtimeMs < statSync(pathOf(name)).mtimeMs)
  if (isFresh) return
  mkdirSync(BUILD, { recursive: true })
  const { sources, flags } = PROGRAMS[name]
  const inputs = files.filter((file) => sources.test(file)).map((file) => join(SOURCES, file))
  const compiler = process.env.CC ?? 'cc'
  const args = ['-O2', '-Wall', '-Wextra', '-o', pathOf(name), ...inputs, ...flags]
  const { status, error, stderr } = spawnSync(compiler, args, { encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${compiler} does not build bench/native/${name}: ${error?.message ?? stderr}`)
}
