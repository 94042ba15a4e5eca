import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const TABLE = readFileSync(join(ROOT, 'docs/bounds.md'), 'utf8')

/** The cells of each row but the headings. */
const ROWS = TABLE.split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| What'))
  .map((line) => line.split('|').slice(1, -1))

const COUNTERS = ['ip', 'icmp', 'udp', 'tcp', 'stack']
  .map((folder) => readFileSync(join(ROOT, `src/${folder}/counters.ts`), 'utf8'))
  .join('\n')

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!)

describe('docs/bounds.md', () => {
  test('has rows of six cells', () => {
    expect(ROWS.length).toBeGreaterThan(50)
    for (const cells of ROWS) expect(cells, cells.join('|')).toHaveLength(6)
  })

  test.each(ROWS.map((cells) => ({ what: cells[0]!.trim(), shownBy: cells[5]! })))(
    'names a test that there is: $what',
    ({ shownBy }) => {
      const [path = '', title = ''] = quoted(shownBy)
      expect(existsSync(join(ROOT, path)), path).toBe(true)
      expect(title).not.toBe('')
      // A title ends its string, and begins it, if not for the clause in front of it.
      const text = readFileSync(join(ROOT, path), 'utf8')
      expect(
        [`'${title}'`, `] ${title}'`].some((end) => text.includes(end)),
        `${path}: ${title}`,
      ).toBe(true)
    },
  )

  test('names counters that there are', () => {
    for (const cells of ROWS)
      for (const name of quoted(cells[3]!)) expect(COUNTERS).toMatch(new RegExp(`\\b${name} = 0`))
  })
})
