import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Bytes an entry, and how many there were, as measured in a process of its own. */
function measure(subject: string): { bytes: number; count: number } {
  const loader = at('../support/typescript-loader.mjs')
  const args = ['--expose-gc', '--import', loader, at('../support/measure-rows.ts'), subject]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

describe('memory of what has no connection', () => {
  test('[RFC4987 §3.3] a handshake is at most 160 bytes, and there are at most 65,536', () => {
    const { bytes, count } = measure('handshakes')
    expect(count).toBe(65_536)
    expect(bytes).toBeLessThan(160)
  })

  // What V8 itself takes meanwhile makes it a byte or two more now and then.
  test('[RFC9293 §3.6.1] a connection in TIME-WAIT is 64 bytes', { retry: 2 }, () => {
    const { bytes, count } = measure('time-wait')
    expect(count).toBe(65_536)
    expect(bytes).toBeLessThan(66)
  })
})
