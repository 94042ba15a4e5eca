import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removePidFile, writePidFile } from '../../src/daemon/pid-file.ts'
import { temporaryFolder } from './temporary.ts'

test('holds the process id, over an old one, until it is removed', () => {
  const path = join(temporaryFolder(), 'tunstack.pid')
  writeFileSync(path, '99999999\n')
  writePidFile(path)
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`)
  removePidFile(path)
  expect(existsSync(path)).toBe(false)
  removePidFile(path)
})

test('is never written through a link', () => {
  const folder = temporaryFolder()
  const target = join(folder, 'target')
  writeFileSync(target, 'precious')
  symlinkSync(target, join(folder, 'tunstack.pid'))
  expect(() => writePidFile(join(folder, 'tunstack.pid'))).toThrow(expect.objectContaining({ code: 'ELOOP' }))
  expect(readFileSync(target, 'utf8')).toBe('precious')
})

test('a folder that is not there is named', () => {
  expect(() => writePidFile('/nonexistent/tunstack.pid')).toThrow(/cannot write the pid file: ENOENT/)
})
