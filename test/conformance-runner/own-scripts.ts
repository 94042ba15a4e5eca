import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findScripts } from '../../src/cli/script-files.ts'

export const FOLDER = 'test/conformance'

/** The repository's own scripts. */
export const ownScripts = (): string[] => findScripts([FOLDER])

export const textOf = (file: string): string => readFileSync(join(file), 'latin1')
