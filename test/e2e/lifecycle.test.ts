import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { duration, eventually, OURS, Site } from '../support/e2e-site.ts'
import { type Program, requireTools, run } from '../support/netns.ts'

const reason = requireTools('ip', 'nc', 'script', 'npm', 'ping')

describe.skipIf(reason)('the daemon', () => {
  let site: Site
  beforeEach(() => {
    site = new Site()
  })
  afterEach(() => site.close())

  const isServing = (): boolean => site.run(`printf 'hello\\n' | nc -N -w 5 ${OURS} 7`).stdout === 'hello\n'

  describe('on SIGTERM', () => {
    test('closes its connections in order, and ends at once when their clients do', async () => {
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
    })

    test('resets after 5 s the connections that are left', async () => {
      const daemon = await site.serve()
      const client = await site.puppet(7)
      const took = await duration(async () => {
        daemon.process.kill('SIGTERM')
        await client.tells('end')
        expect(await daemon.exit(8000), daemon.stderr).toBe(0)
      })
      expect(took).toBeGreaterThan(4500)
      expect(took).toBeLessThan(6500)
      await client.tells('error ECONNRESET')
      expect(site.hasDevice).toBe(false)
    })
  })

  test('under npm start ends with status 0 on Ctrl-C, and leaves neither device nor process', async () => {
    // In a session of its own on a pseudo-terminal: script's standard input is the keyboard.
    const command = `npm start -- --control ${site.control}`
    const terminal = site.namespace.start(['script', '-qfec', command, '/dev/null'])
    await terminal.says(`ready ${OURS} on tun0`, 60_000)
    expect(isServing()).toBe(true)
    const client = await site.puppet(9502)
    terminal.process.stdin?.write('\x03')
    await client.tells('end')
    client.tell('end')
    expect(await terminal.exit(8000), terminal.stdout).toBe(0)
    expect(site.hasDevice).toBe(false)
    await client.tells('close')
    expect(processesIn(site)).toEqual([])
  })

  test('killed during an upload and started again: the client gets a reset, others are served', async () => {
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
    expect(isServing()).toBe(true)
    expect(await upload.exit(20_000), upload.stderr).toBe(0)
    expect(JSON.parse(upload.stdout)).toMatchObject({ ending: 'ECONNRESET' })
    expect(site.netstat().length).toBeGreaterThan(2)
  })

  test('is alone on its device, and with its control socket', async () => {
    const first = await site.serve()
    const second = site.tunstack('up', '--control', join(site.folder, 'other.sock'))
    expect(second).toMatchObject({ status: 1, stdout: '' })
    expect(second.stderr).toContain(
      `another tunstack daemon (process ${first.process.pid}) serves tun0\n  stop it first, or choose another device`,
    )
    const third = site.tunstack('up', '--dev', 'tun1', '--address', '10.8.0.2/24', '--control', site.control)
    expect(third).toMatchObject({ status: 1, stdout: '' })
    expect(third.stderr).toContain(`another daemon answers on ${site.control}`)
    expect(site.run('ip link show tun1').status, 'what failed leaves no device').not.toBe(0)
    expect(isServing()).toBe(true)
  })

  test('lets its owner and its group alone talk to it, and takes its files away', async () => {
    const pidFile = join(site.folder, 'pid')
    const daemon = await site.serve('--pid-file', pidFile)
    expect(statSync(site.control).mode & 0o777).toBe(0o660)
    expect(readFileSync(pidFile, 'utf8')).toBe(`${daemon.process.pid}\n`)
    daemon.process.kill('SIGTERM')
    expect(await daemon.exit()).toBe(0)
    expect(run(`ls -A ${site.folder}`).stdout).toBe('')
  })

  test('tells who waits on a descriptor that it is ready', async () => {
    const fifo = join(site.folder, 'ready')
    run(`mkfifo ${fifo}`)
    const command = `exec "$0" dist/cli/main.js up --control ${site.control} --ready-fd 7 7> ${fifo}`
    const daemon = site.namespace.start(['sh', '-c', command, process.execPath])
    expect(run(`cat ${fifo}`).stdout).toBe('1\n')
    expect(isServing()).toBe(true)
    daemon.process.kill('SIGTERM')
    expect(await daemon.exit()).toBe(0)
  })

  test('uses no processor while idle, with a connection open or without', async () => {
    const daemon = await site.serve()
    await wait(3000)
    expect(await ticksIn(daemon, 5000)).toBeLessThanOrEqual(1)
    const client = await site.puppet(7)
    client.tell('say hello')
    await client.tells('heard hello')
    await wait(1000)
    expect(await ticksIn(daemon, 3000)).toBeLessThanOrEqual(1)
  })

  test('serves a transfer again after an idle time', async () => {
    await site.serve()
    expect(isServing()).toBe(true)
    await wait(1500)
    expect(isServing()).toBe(true)
  })
})

describe.skipIf(reason)('what cannot be begins nothing', () => {
  let site: Site
  beforeEach(() => {
    site = new Site()
  })
  afterEach(() => site.close())

  test.each([
    [['up', '--bogus'], "unknown option '--bogus'"],
    [['up', 'more'], 'too many arguments'],
    [['up', '--address', 'nonsense'], '--address: '],
    [['up', '--service', 'ehco:7'], "no service 'ehco'"],
    [['up', '--mtu', '10'], '--mtu: must be an integer from 68 to 65535'],
    [['up', '--user', 'nobody-of-this-name'], "no user 'nobody-of-this-name'"],
    [['up', '--sysctl', 'net.ipv4.tcp_fin_timeot=3'], 'tcp_fin_timeot'],
    [['up', '--sysctl', 'net.ipv4.tcp_tw_recycle=1'], 'tcp_tw_recycle'],
    [['up', '--ready-fd', '77'], '--ready-fd: descriptor 77 is not open'],
    [['netstat', '--bogus'], "unknown option '--bogus'"],
    [['nonsense'], "unknown command 'nonsense'"],
  ])('tunstack %j ends with status 2', (words, message) => {
    const verb = words[0] === 'up' ? [...words, '--control', site.control] : words
    const done = site.tunstack(...verb)
    expect(done, done.stderr).toMatchObject({ status: 2, stdout: '' })
    expect(done.stderr).toContain(message)
    expect(site.hasDevice).toBe(false)
  })

  test('a configuration file with an unknown key ends with status 2', () => {
    const file = join(site.folder, 'config.toml')
    writeFileSync(file, 'adress = "10.9.0.2/24"\n')
    const done = site.tunstack('up', '--config', file, '--control', site.control)
    expect(done).toMatchObject({ status: 2, stdout: '' })
    expect(done.stderr).toContain('adress: unknown key, did you mean address?')
  })

  test('tunstack netstat without a daemon ends with status 1 and says so', () => {
    const done = site.tunstack('netstat', '-nat', '--control', site.control)
    expect(done).toMatchObject({ status: 1, stdout: '' })
    expect(done.stderr).toContain(`no daemon is running at ${site.control}`)
  })
})

/** The ids of the processes in a site's namespace. */
const processesIn = (site: Site): string[] =>
  run(['ip', 'netns', 'pids', site.namespace.name]).stdout.split('\n').filter(Boolean)

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
