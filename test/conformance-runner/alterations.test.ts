import { describe, expect, test } from 'vitest'
import { parseScript } from '../../src/conformance/parse-script.ts'
import { runScript } from '../../src/conformance/run-script.ts'
import { alterations } from './alterations.ts'
import { ownScripts, textOf } from './own-scripts.ts'

/** Scripts that are altered. */
const SAMPLE = 50

/** Evenly over all of them. */
function sample(files: readonly string[]): string[] {
  const step = Math.max(1, files.length / SAMPLE)
  return files.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step))
}

const strict = { overrides: [{ name: 'strict', value: undefined }] }

describe('a script fails when what it expects is altered', () => {
  test.each(sample(ownScripts()))('%s', (file) => {
    const script = parseScript(file, textOf(file))
    const believed: string[] = []
    for (const { what, line, script: altered } of alterations(script)) {
      const { outcome, failure } = runScript(altered, strict)
      const isRight = outcome === 'failed' && failure?.kind !== 'script' && failure?.kind !== 'crash'
      if (!isRight || failure!.line < line) believed.push(`${what}: ${failure?.message ?? outcome}`)
    }
    expect(believed).toEqual([])
  })
})
