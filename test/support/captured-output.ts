import { afterEach, beforeEach, vi } from 'vitest'

/** What the process has said since the test began. */
export interface CapturedOutput {
  out: string
  err: string
}

/** Keeps what each test of the file writes to stdout and stderr, by `console.error` too, from the terminal. */
export function captureOutput(): CapturedOutput {
  const said: CapturedOutput = { out: '', err: '' }
  beforeEach(() => {
    said.out = ''
    said.err = ''
    const keep = (stream: keyof CapturedOutput, text: unknown): true => {
      said[stream] += String(text)
      return true
    }
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => keep('out', text))
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => keep('err', text))
    vi.spyOn(console, 'error').mockImplementation((text) => void keep('err', `${text}\n`))
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })
  return said
}
