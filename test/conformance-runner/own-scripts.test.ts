import { describe, expect, test } from 'vitest'
import { conform } from '../../src/conformance/conform.ts'
import { formatFailure } from '../../src/conformance/report.ts'
import { FOLDER, ownScripts, textOf } from './own-scripts.ts'

/** The first line of a script is its title: the clause, and what the stack does. */
const TITLE = /^\/\/ (\[[^\]]+\] .*)$/

const titleOf = (text: string): string | undefined => TITLE.exec(text.slice(0, text.indexOf('\n')))?.[1]

describe('scripts', () => {
  for (const file of ownScripts()) {
    const text = textOf(file)
    test(`${titleOf(text) ?? 'without a title'} (${file.slice(FOLDER.length + 1)})`, () => {
      expect(titleOf(text)).toBeDefined()
      const strict = [{ name: 'strict', value: undefined }]
      const { outcome, failure } = conform(file, text, { definitions: {}, overrides: strict })
      if (failure !== undefined) throw new Error(formatFailure(failure))
      expect(outcome).toBe('passed')
    })
  }
})
