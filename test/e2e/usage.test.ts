import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip')

describe.skipIf(reason)('what cannot be begins nothing', () => {
  let site: Site
  beforeAll(() => {
    site = new Site()
  })
  afterAll(() => site?.close())

  test.each([
    [['up', '--bogus'], "unknown option '--bogus'"],
    [['up', '--address', 'nonsense'], '--address: '],
    [['up', '--service', 'ehco:7'], "no service 'ehco'"],
    [['up', '--user', 'nobody-of-this-name'], "no user 'nobody-of-this-name'"],
    [['up', '--sysctl', 'net.ipv4.tcp_fin_timeot=3'], 'tcp_fin_timeot'],
    [['up', '--ready-fd', '77'], '--ready-fd: descriptor 77 is not open'],
    [['netstat', '--bogus'], "unknown option '--bogus'"],
    [['nonsense'], "unknown command 'nonsense'"],
  ])('tunstack %j ends with status 2', (words, message) => {
    const done = site.tunstack(...(words[0] === 'up' ? [...words, '--control', site.control] : words))
    expect(done, done.stderr).toMatchObject({ status: 2, stdout: '' })
    expect(done.stderr).toContain(message)
    expect(site.hasDevice).toBe(false)
  })

  test('a configuration file with an unknown key ends with status 2', () => {
    const file = join(site.folder, 'config.toml')
    writeFileSync(file, 'adress = "10.9.0.2/24"\n')
    const done = site.tunstack('up', '--config', file, '--control', site.control)
    expect(done).toMatchObject({ status: 2, stdout: '' })
    expect(done.stderr).toContain(`${file}: adress: unknown key (did you mean 'address'?)`)
  })

  test('tunstack netstat without a daemon ends with status 1 and says so', () => {
    const done = site.tunstack('netstat', '-nat', '--control', site.control)
    expect(done).toMatchObject({ status: 1, stdout: '' })
    expect(done.stderr).toContain(`no daemon is running at ${site.control}`)
  })
})
