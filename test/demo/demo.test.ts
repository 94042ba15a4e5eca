import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { tellDemo } from '../../src/cli/demo-lines.ts'
import { drawDemo } from '../../src/cli/demo-screen.ts'
import { conclude } from '../../src/cli/demo-text.ts'
import { Demo } from '../../src/daemon/demo.ts'
import { type DemoWords, parseSize, readDemoOptions } from '../../src/daemon/demo-options.ts'

/** What the demo prints into a pipe. */
function tell(words: DemoWords): { lines: string[]; demo: Demo } {
  const demo = new Demo(readDemoOptions(words))
  const lines: string[] = []
  tellDemo(demo, (line) => lines.push(line))
  return { lines: [...lines, ...conclude(demo)], demo }
}

describe('a demo', () => {
  test('transfers data over a lossy link and compares the digests', () => {
    const { lines, demo } = tell({ size: '300k', loss: '5%', seed: '4' })
    const text = lines.join('\n')
    expect(demo.isGood).toBe(true)
    expect(lines[0]).toBe(
      'tunstack demo: 300.0 kB of generated data; link: 20 Mbit/s, 20 ms each way, 5 % lost, seed 4',
    )
    expect(text).toMatch(
      /receiver {2}LISTEN -> SYN-RECEIVED\n(.*\n)*.*receiver {2}SYN-RECEIVED -> ESTABLISHED/,
    )
    expect(text).toMatch(
      / 5\d % {2}cwnd [\d,]+ {2}snd_wnd [\d,]+ {2}flight [\d,]+ {2}srtt [\d.]+ ms {2}resent \d+/,
    )
    expect(text).toMatch(/sender {4}FIN-WAIT-\d -> TIME-WAIT\n(.*\n)*.*sender {4}TIME-WAIT -> CLOSED/)
    expect(text).toMatch(/ok: the digests are the same. 300.0 kB in [\d.]+ s of virtual time/)
    expect(demo.sender.host.stack.counters.tcp.RetransSegs).toBeGreaterThan(0)
  })

  test('is the same for the same seed', () => {
    const once = tell({ size: '100k', seed: '5', duplicate: '2%', corrupt: '1%', reorder: '3%' }).lines
    expect(tell({ size: '100k', seed: '5', duplicate: '2', corrupt: '1', reorder: '3' }).lines).toEqual(once)
    expect(tell({ size: '100k', seed: '6', duplicate: '2', corrupt: '1', reorder: '3' }).lines).not.toEqual(
      once,
    )
  })

  test('sends a file, and nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tunstack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'file')
    writeFileSync(file, 'hello\n')
    expect(tell({ file }).lines).toContain(
      `sha256 received  ${createHash('sha256').update('hello\n').digest('hex')}`,
    )
    expect(tell({ size: '0' }).demo.isGood).toBe(true)
  })

  test('says why it failed', () => {
    const { lines, demo } = tell({ size: '1k', loss: '100%' })
    expect(demo.isGood).toBe(false)
    expect(lines.at(-1)).toBe('FAILED: Connection timed out: 0 B of 1.0 kB arrived')
  })
})

describe('on a terminal', () => {
  test.each([
    [80, 24],
    [200, 60],
    [40, 10],
  ])('a frame fits into %i columns, and always has the same number of lines', (columns, rows) => {
    const demo = new Demo(readDemoOptions({ size: '200k' }))
    const heights = new Set<number>()
    for (; !demo.isEnded; demo.step(50 * MILLISECOND)) {
      const lines = drawDemo(demo, columns, rows).map((line) => stripVTControlCharacters(line))
      heights.add(lines.length)
      for (const line of lines) expect(line.length).toBeLessThan(Math.max(columns, 60))
    }
    demo.finish()
    expect([...heights]).toHaveLength(1)
    if (rows >= 24) expect([...heights][0]).toBeLessThan(rows)
  })

  test('a frame tells states, windows and what the link did', () => {
    const demo = new Demo(readDemoOptions({ size: '2MB', loss: '3%' }))
    demo.step(1000 * MILLISECOND)
    const text = drawDemo(demo, 80, 24)
      .map((line) => stripVTControlCharacters(line))
      .join('\n')
    expect(text).toMatch(/received {2}█+░+ +\d+ % +1\.000 s +[\d.]+ Mbit\/s/)
    expect(text).toMatch(/sender +ESTABLISHED +[\d,]+ +[\d,]+ +[\d,]+ +[\d.]+ ms +\d+ ms +[\d,]+ +\d+/)
    expect(text).toMatch(/receiver +ESTABLISHED/)
    expect(text).toMatch(/cwnd +[▁▂▃▄▅▆▇█]+ +at most [\d.]+ kB/)
    expect(text).toMatch(/data -> +\d+ packets, \d+ lost\nacks <- +\d+ packets, \d+ lost/)
  })
})

describe('the options', () => {
  test.each([
    ['0', 0],
    ['1000', 1000],
    ['500kB', 500_000],
    ['1.5m', 1_500_000],
    ['1GB', 1e9],
  ])('%s are %i bytes', (text, size) => {
    expect(parseSize(text)).toBe(size)
  })

  test.each<[DemoWords, string]>([
    [{ size: '2GB' }, "--size: '2GB' is not"],
    [{ size: 'x' }, "--size: 'x' is not"],
    [{ size: '1', file: 'x' }, 'exclude each other'],
    [{ seed: 'x' }, "--seed: 'x' is not a number"],
    [{ loss: '120%' }, 'more than 100%'],
    [{ delay: '20x' }, 'not a number with a unit'],
    [{ rate: '0' }, '--rate: must be more than nothing'],
    [{ file: '/nowhere/at/all' }, 'cannot read /nowhere/at/all'],
  ])('%o is refused', (words, message) => {
    expect(() => readDemoOptions(words)).toThrow(message)
  })
})
