import { existsSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import { ask } from '../../src/cli/control-client.ts'
import { type DaemonConfig, loadConfig } from '../../src/daemon/config.ts'
import { type DaemonParts, runDaemon } from '../../src/daemon/daemon.ts'
import { lockDevice } from '../../src/daemon/device-lock.ts'
import { DaemonError } from '../../src/daemon/errors.ts'
import type { ServedStack } from '../../src/daemon/served-stack.ts'
import { StopRequests } from '../../src/daemon/stop-requests.ts'
import { hasAddon } from '../native/harness.ts'
import { Program } from '../support/netns.ts'
import { deviceName, temporaryFolder } from './temporary.ts'

/** A service manager that hears two messages at the path of its argument. */
const MANAGER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
print('bound', flush=True)
for _ in range(2): print(s.recv(100).decode(), flush=True)`

let heard: string[]
let now: number
let stop: StopRequests
let config: DaemonConfig
let started: Promise<void>
let parts: DaemonParts
let fail: (error: Error) => void
let closeStack: () => Promise<void>

/** A stack that writes down what the daemon does with it. */
async function fakeStack({ dev }: DaemonConfig): Promise<ServedStack> {
  heard.push('create')
  return {
    dev,
    verbs: new Map([['netstat', () => 'Proto']]),
    files: [],
    failed: new Promise((resolve) => {
      fail = resolve
    }),
    forbidNewPrivileges: () => heard.push('no new privileges'),
    start: () => heard.push('start'),
    close: async (grace) => {
      heard.push(`close ${grace / SECOND} s`)
      await closeStack()
    },
    abort: () => heard.push('abort'),
  }
}

afterEach(() => {
  vi.unstubAllEnvs()
})

beforeEach(() => {
  const folder = temporaryFolder()
  heard = []
  now = 0
  stop = new StopRequests(() => now)
  closeStack = async () => {}
  config = loadConfig({
    dev: deviceName(),
    control: join(folder, 'c.sock'),
    'pid-file': join(folder, 'p.pid'),
  })
  parts = { createStack: fakeStack, log: pino({ level: 'silent' }), stop }
  started = new Promise((resolve) => {
    parts.startSession = () => {
      heard.push('ready')
      resolve()
      return { ended: new Promise(() => {}), end: () => heard.push('end session') }
    }
  })
})

/** Runs the daemon to its ready line, then lets `act` happen, and returns the exit status. */
async function run(act: () => unknown): Promise<number> {
  const status = runDaemon(config, parts)
  await Promise.race([started, status])
  await act()
  return status
}

/** What a descriptor of this process refers to now. */
function targetOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

describe('a daemon', () => {
  test('holds lock, control socket and pid file while it serves, and leaves nothing', async () => {
    const status = await run(async () => {
      expect(await ask(config.control, 'netstat', {})).toBe('Proto')
      expect(readFileSync(config.pidFile!, 'utf8')).toBe(`${process.pid}\n`)
      await expect(lockDevice(config.dev)).rejects.toMatchObject({ code: 'ELOCKED' })
      stop.request('SIGTERM')
    })
    expect(status).toBe(0)
    expect(heard).toEqual(['create', 'start', 'ready', 'close 5 s', 'end session', 'abort'])
    expect(existsSync(config.control)).toBe(false)
    expect(existsSync(config.pidFile!)).toBe(false)
    await (await lockDevice(config.dev)).release()
  })

  test('ends when its session does', async () => {
    parts.startSession = () => ({ ended: Promise.resolve('the shell ended'), end: () => {} })
    expect(await runDaemon(config, parts)).toBe(0)
  })

  test('says that it is ready into a descriptor, once', async () => {
    const path = join(temporaryFolder(), 'ready')
    config.readyFd = openSync(path, 'w')
    await run(() => stop.request('SIGTERM'))
    expect(readFileSync(path, 'utf8')).toBe('1\n')
    expect(targetOf(config.readyFd)).not.toBe(path)
  })

  test.skipIf(!hasAddon())('tells the service manager when it is ready and when it stops', async () => {
    const path = join(temporaryFolder(), 'notify')
    const manager = new Program(['python3', '-c', MANAGER, path])
    await manager.says('bound')
    vi.stubEnv('NOTIFY_SOCKET', path)
    await run(async () => {
      await manager.says('READY=1')
      expect(heard).toContain('start')
      expect(manager.stdout).not.toContain('STOPPING')
      stop.request('SIGTERM')
    })
    expect(await manager.exit()).toBe(0)
    expect(manager.stdout).toBe('bound\nREADY=1\nSTOPPING=1\n')
  })

  test('serves though the service manager cannot be told', async () => {
    vi.stubEnv('NOTIFY_SOCKET', '/nowhere/socket')
    expect(await run(() => stop.request('SIGTERM'))).toBe(0)
  })

  test('waits for connections to close, until somebody insists', async () => {
    closeStack = () => new Promise(() => {})
    const status = await run(() => {
      stop.request('SIGINT')
      now = 1001
      stop.request('SIGINT')
    })
    expect(status).toBe(0)
    expect(heard.slice(-3)).toEqual(['close 5 s', 'end session', 'abort'])
  })

  test('fails when its device is gone, and leaves nothing either', async () => {
    expect(await run(() => fail(new Error('EBADFD')))).toBe(1)
    expect(heard.at(-1)).toBe('abort')
    expect(existsSync(config.control)).toBe(false)
  })
})

describe('a beginning that fails', () => {
  test('names a second daemon on the device, before anything is touched', async () => {
    const lock = await lockDevice(config.dev)
    await expect(runDaemon(config, parts)).rejects.toMatchObject({ code: 'ELOCKED' })
    expect(heard).toEqual([])
    await lock.release()
  })

  test('lets the lock go when the device cannot be had', async () => {
    parts.createStack = async () => {
      throw new DaemonError('EPERM', 'no')
    }
    await expect(runDaemon(config, parts)).rejects.toMatchObject({ code: 'EPERM' })
    await (await lockDevice(config.dev)).release()
  })

  test('lets the device go when the control socket cannot be had', async () => {
    writeFileSync(config.control, '')
    await expect(runDaemon(config, parts)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(heard).toEqual(['create', 'abort'])
    expect(existsSync(config.control)).toBe(true)
  })

  test('is a record of the log where that is JSON', async () => {
    const lines: string[] = []
    config.logFormat = 'json'
    parts.log = pino({ base: null }, { write: (line) => lines.push(line) })
    parts.createStack = async () => {
      throw new DaemonError('EPERM', 'no', 'be root')
    }
    expect(await runDaemon(config, parts)).toBe(1)
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ level: 60, msg: 'no', code: 'EPERM', hint: 'be root' })
  })

  test.each([
    [{ user: 'no such user' }, "--user: no user 'no such user' on this machine"],
    [{ readyFd: 1 << 19 }, `--ready-fd: descriptor ${1 << 19} is not open`],
    [{ tunFd: 1 << 19 }, `--tun-fd: descriptor ${1 << 19} is not open`],
  ])('%j is a mistake of usage', async (change, message) => {
    await expect(runDaemon({ ...config, ...change }, parts)).rejects.toMatchObject({
      name: 'UsageError',
      message,
    })
    expect(heard).toEqual([])
  })

  test('a user who cannot be become ends it before it serves', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue(1000)
    vi.spyOn(process, 'setuid').mockImplementation(() => {
      throw Object.assign(new Error('setuid: EPERM'), { code: 'EPERM' })
    })
    await expect(runDaemon({ ...config, user: 'nobody' }, parts)).rejects.toMatchObject({ code: 'EPERM' })
    expect(heard).toEqual(['create', 'abort'])
    vi.restoreAllMocks()
  })
})
