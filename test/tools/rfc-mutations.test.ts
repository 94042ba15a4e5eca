import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MUTATIONS } from '../soak/rfc-mutations.ts'

test('what `npm run soak` breaks, to see that tests notice, stands in the code once', () => {
  const timesIn = (file: string, text: string): number =>
    readFileSync(join('src', file), 'utf8').split(text).length - 1
  const stale = MUTATIONS.filter(({ file, find }) => timesIn(file, find) !== 1)
  expect(stale.map(({ requirement, file }) => `${requirement} in ${file}`)).toEqual([])
})
