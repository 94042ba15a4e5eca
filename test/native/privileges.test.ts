import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Program, run } from '../support/netns.ts'

vi.setConfig({ testTimeout: 60_000 })

const IMPORTS = `import { setNoNewPrivileges, notifyServiceManager } from './src/device/process.ts'
import { addon } from './src/device/tun.ts'
import { readdirSync, readFileSync } from 'node:fs'
import { promises } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { execFileSync } from 'node:child_process'
const marks = () => readdirSync('/proc/self/task').map((id) => /NoNewPrivs:\\s*(\\d)/.exec(readFileSync('/proc/self/task/' + id + '/status', 'utf8'))[1])
`

function script(source: string, env: NodeJS.ProcessEnv = {}): Program {
  const loader = './test/support/typescript-loader.mjs'
  return new Program(
    [process.execPath, '--import', loader, '--input-type=module', '-e', IMPORTS + source],
    env,
  )
}

describe('no new privileges', () => {
  test('reaches every thread there is: pool, workers, collector; and those to come', async () => {
    const program = script(`
      await Promise.all([1, 2, 3, 4].map(() => promises.readFile('/proc/self/stat')))
      const worker = () => new Promise((resolve) => { const w = new Worker('setInterval(() => {}, 1000)', { eval: true }); w.once('online', () => resolve(w)) })
      const first = await worker()
      const before = marks()
      setNoNewPrivileges()
      setNoNewPrivileges()
      const second = await worker()
      console.log(JSON.stringify({ before, after: marks(), child: execFileSync('grep', ['NoNewPrivs', '/proc/self/status'], { encoding: 'utf8' }) }))
      process.exit(0)`)
    expect(await program.exit(), program.stderr).toBe(0)
    const { before, after, child } = JSON.parse(program.stdout)
    expect(before.length).toBeGreaterThan(5)
    expect(new Set(before)).toEqual(new Set(['0']))
    expect(after.length).toBeGreaterThanOrEqual(before.length)
    expect(new Set(after)).toEqual(new Set(['1']))
    expect(child).toMatch(/NoNewPrivs:\s*1/)
  })

  test.skipIf(process.getuid?.() !== 0)('a set-user-id program stays what its caller is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'setuid-'))
    const copy = join(folder, 'id')
    copyFileSync(run('command -v id').stdout.trim(), copy)
    chmodSync(folder, 0o755)
    chmodSync(copy, 0o4755)
    const program = script(`
      addon() // while its file can be read
      process.setgroups([]); process.setgid(65534); process.setuid(65534)
      const id = () => execFileSync('${copy}', ['-u'], { encoding: 'utf8' }).trim()
      const before = id()
      setNoNewPrivileges()
      console.log(before, id())`)
    expect(await program.exit(), program.stderr).toBe(0)
    rmSync(folder, { recursive: true })
    expect(program.stdout).toBe('0 65534\n')
  })
})

describe('the service manager', () => {
  test('gets one datagram for each message, at a path or an abstract name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'notify-'))
    const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1))
print('bound', flush=True)
for _ in range(2): print(s.recv(100).decode(), flush=True)`
    for (const name of [join(folder, 'socket'), `@tunstack-test-${process.pid}`]) {
      const server = new Program(['python3', '-c', listener, name])
      await server.says('bound')
      const program = script(
        `console.log(notifyServiceManager('READY=1'), notifyServiceManager('STATUS=äh\\nSTOPPING=1'))`,
        {
          NOTIFY_SOCKET: name,
        },
      )
      expect(await program.exit(), program.stderr).toBe(0)
      expect(program.stdout).toBe('true true\n')
      expect(await server.exit()).toBe(0)
      expect(server.stdout).toBe('bound\nREADY=1\nSTATUS=äh\nSTOPPING=1\n')
    }
    rmSync(folder, { recursive: true })
  })

  test('is absent without NOTIFY_SOCKET, and its failures have a code', async () => {
    const none = script(`console.log(notifyServiceManager('READY=1'))`, { NOTIFY_SOCKET: '' })
    expect(await none.exit(), none.stderr).toBe(0)
    expect(none.stdout).toBe('false\n')
    const missing = script(
      `try { notifyServiceManager('READY=1') } catch (e) { console.log(e.code, e.syscall) }`,
      {
        NOTIFY_SOCKET: '/nowhere/socket',
      },
    )
    await missing.exit()
    expect(missing.stdout).toBe('ENOENT sendto\n')
  })
})
