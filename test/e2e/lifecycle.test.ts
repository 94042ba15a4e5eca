import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { duration, eventually, OURS, type Site, withSite } from '../support/e2e-site.ts'
import { type Program, requireTools, run } from '../support/netns.ts'

const reason = requireTools('ip', 'nc', 'script', 'npm', 'ping')

const isServing = (site: Site): boolean =>
  site.run(`printf 'hello\\n' | nc -N -w 5 ${OURS} 7`).stdout === 'hello\n'

// Together, since they mostly wait.
describe.skipIf(reason).concurrent('the daemon', { timeout: 60_000 }, () => {
  test('uses no processor while idle, with a connection open or without', () =>
    withSite(async (site) => {
      const daemon = await site.serve()
      await wait(3000)
      expect(await ticksIn(daemon, 5000)).toBeLessThanOrEqual(1)
      const client = await site.puppet(7)
      client.tell('say hello')
      await client.tells('heard hello')
      await wait(1000)
      expect(await ticksIn(daemon, 2000)).toBeLessThanOrEqual(1)
      expect(isServing(site)).toBe(true)
    }))

  test('on SIGTERM closes its connections in order, and resets after 5 s those that are left', () =>
    withSite(async (site) => {
      const daemon = await site.serve()
      const client = await site.puppet(7)
      const took = await duration(async () => {
        daemon.process.kill('SIGTERM')
        await client.tells('end')
        expect(await daemon.exit(10_000), daemon.stderr).toBe(0)
      })
      expect(took).toBeGreaterThan(4500)
      expect(took).toBeLessThan(8000)
      expect(site.hasDevice).toBe(false)
      client.tell('say more') // an end that closed its half learns of the reset when it writes
      await client.tells('error EPIPE')
    }))

  test('killed during an upload and started again: the client gets a reset, others are served', () =>
    withSite(async (site) => {
      const first = await site.serve()
      const upload = site.client('upload', OURS, 9, 0)
      await upload.until(() => upload.stderr.includes('started'), 'start')
      await first.kill('SIGKILL')
      await eventually(
        () => site.hasDevice,
        (isThere) => !isThere,
      )
      expect(statSync(site.control).isSocket(), 'the socket that nobody serves').toBe(true)
      await site.serve()
      expect(isServing(site)).toBe(true)
      expect(await upload.exit(), upload.stderr).toBe(0)
      expect(JSON.parse(upload.stdout)).toMatchObject({ ending: 'ECONNRESET' })
    }))
})

describe.skipIf(reason)('the daemon', { timeout: 60_000 }, () => {
  test('on SIGTERM ends at once when its clients do', () =>
    withSite(async (site) => {
      const daemon = await site.serve()
      const clients = await Promise.all([site.puppet(7), site.puppet(9502)])
      daemon.process.kill('SIGTERM')
      for (const client of clients) {
        await client.tells('end')
        client.tell('end')
        await client.tells('close')
        expect(client.program.stdout).not.toContain('error')
      }
      expect(await daemon.exit(2000), daemon.stderr).toBe(0)
      expect(site.hasDevice).toBe(false)
    }))

  test('under npm start ends with status 0 on Ctrl-C, and leaves neither device nor process', () =>
    withSite(async (site) => {
      // In a session of its own on a pseudo-terminal: script's standard input is the keyboard.
      // exec, for a shell between them that is interrupted too would say 130 whatever npm's status is.
      const command = `exec npm start -- --control ${site.control}`
      const terminal = site.namespace.start(['script', '-qfec', command, '/dev/null'])
      await terminal.says(`ready ${OURS} on tun0`)
      expect(isServing(site)).toBe(true)
      const client = await site.puppet(9502)
      terminal.process.stdin?.write('\x03')
      await client.tells('end')
      client.tell('end')
      expect(await terminal.exit(8000), terminal.stdout).toBe(0)
      expect(site.hasDevice).toBe(false)
      await client.tells('close')
      expect(run(['ip', 'netns', 'pids', site.namespace.name]).stdout).toBe('')
    }))

  test('under npm start does not wait for clients after a second Ctrl-C', () =>
    withSite(async (site) => {
      const command = `exec npm start -- --control ${site.control}`
      const terminal = site.namespace.start(['script', '-qfec', command, '/dev/null'])
      await terminal.says(`ready ${OURS} on tun0`)
      const client = await site.puppet(7)
      const took = await duration(async () => {
        terminal.process.stdin?.write('\x03')
        await client.tells('end')
        await wait(1200) // within a second it is the first one again
        terminal.process.stdin?.write('\x03')
        expect(await terminal.exit(8000), terminal.stdout).toBe(0)
      })
      expect(took).toBeLessThan(4900)
      expect(site.hasDevice).toBe(false)
    }))

  test('under npm start ends with npm on SIGTERM', () =>
    withSite(async (site) => {
      const npm = site.namespace.start(['npm', 'start', '--', '--control', site.control])
      await npm.says(`ready ${OURS} on tun0`)
      npm.process.kill('SIGTERM')
      await npm.exit(8000)
      await eventually(
        () => run(['ip', 'netns', 'pids', site.namespace.name]).stdout,
        (pids) => pids === '',
        8000,
      )
      expect(site.hasDevice).toBe(false)
    }))

  test('is alone on its device, and with its control socket', () =>
    withSite(async (site) => {
      const first = await site.serve()
      const second = site.tunstack('up', '--control', join(site.folder, 'other.sock'))
      expect(second).toMatchObject({ status: 1, stdout: '' })
      expect(second.stderr).toContain(
        `another tunstack daemon (process ${first.process.pid}) serves tun0\n  stop it first, or choose another device`,
      )
      const third = site.tunstack(
        ...['up', '--dev', 'tun1', '--address', '10.8.0.2/24', '--control', site.control],
      )
      expect(third).toMatchObject({ status: 1, stdout: '' })
      expect(third.stderr).toContain(`another daemon answers on ${site.control}`)
      expect(site.run('ip link show tun1').status, 'what failed leaves no device').not.toBe(0)
      expect(isServing(site)).toBe(true)
    }))

  test('lets its owner and its group alone talk to it, and takes its files away', () =>
    withSite(async (site) => {
      const pidFile = join(site.folder, 'pid')
      const daemon = await site.serve('--pid-file', pidFile)
      expect(statSync(site.control).mode & 0o777).toBe(0o660)
      expect(readFileSync(pidFile, 'utf8')).toBe(`${daemon.process.pid}\n`)
      daemon.process.kill('SIGTERM')
      expect(await daemon.exit()).toBe(0)
      expect(run(`ls -A ${site.folder}`).stdout).toBe('')
    }))

  test('tells who waits on a descriptor that it is ready', () =>
    withSite(async (site) => {
      const fifo = join(site.folder, 'ready')
      run(`mkfifo ${fifo}`)
      const command = `exec "$0" dist/cli/main.js up --control ${site.control} --ready-fd 7 7> ${fifo}`
      const daemon = site.namespace.start(['sh', '-c', command, process.execPath])
      expect(run(`cat ${fifo}`).stdout).toBe('1\n')
      expect(isServing(site)).toBe(true)
      daemon.process.kill('SIGTERM')
      expect(await daemon.exit()).toBe(0)
    }))
})

/** Clock ticks (10 ms) that a process uses in a time, milliseconds. */
async function ticksIn(program: Program, time: number): Promise<number> {
  const before = ticksOf(program.process.pid!)
  await wait(time)
  return ticksOf(program.process.pid!) - before
}

/** utime + stime: fields 14 and 15 of proc(5), counted after the name, which may hold spaces. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return Number(fields[11]) + Number(fields[12])
}
