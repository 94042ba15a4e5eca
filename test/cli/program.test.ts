import { createServer } from 'node:net'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, onTestFinished, test } from 'vitest'
import { run } from '../../src/cli/program.ts'
import { addUp, saidOn } from '../../src/cli/verbs/up.ts'
import { OPTION_NAMES } from '../../src/daemon/options.ts'
import { temporaryFolder } from '../daemon/temporary.ts'
import { captureOutput } from '../support/captured-output.ts'

const output = captureOutput()

describe('help', () => {
  test.each([['help'], ['--help']])('%s is on stdout and good', async (word) => {
    expect(await run([word])).toBe(0)
    expect(output.out).toMatch(/^ {2}up .*^ {2}netstat .*^ {2}demo /ms)
    expect(output.err).toBe('')
  })

  test.each([[['help', 'up']], [['up', '--help']]])('%j names every option', async (words) => {
    expect(await run(words)).toBe(0)
    for (const name of OPTION_NAMES) expect(output.out).toContain(`--${name} `)
  })

  test('the version is that of the package', async () => {
    expect(await run(['--version'])).toBe(0)
    expect(output.out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('mistakes of usage are status 2', () => {
  test.each([
    [[], 'Usage: tunstack'],
    [['upp'], '(Did you mean up?)'],
    [['up', '--mtuu', '1'], '(Did you mean --mtu?)'],
    [['up', 'tun0'], 'too many arguments'],
    [['up', '--mtu'], "option '--mtu <bytes>' argument missing"],
    [['up', '--mtu', '1'], 'tunstack: --mtu: must be an integer from 68 to 65535'],
    [['up', '--queues', '65'], 'tunstack: --queues: must be an integer from 1 to 64'],
    [['netstat', '-x'], "unknown option '-x'"],
    [['queues', 'all'], 'too many arguments'],
    [['sysctl'], 'tunstack: sysctl: no variables specified'],
  ])('%j', async (args, message) => {
    expect(await run(args)).toBe(2)
    expect(output.err).toContain(message)
    expect(output.out).toBe('')
  })
})

describe('the options of up', () => {
  const said = (...args: string[]): Record<string, unknown> => {
    const program = new Command()
    addUp(program, () => {})
    const [up] = program.commands
    up!.action(() => {})
    program.parse(['up', ...args], { from: 'user' })
    return saidOn(up!)
  }

  test('are those of the configuration file, and --config', () => {
    const program = new Command()
    addUp(program, () => {})
    const names = program.commands[0]!.options.map((option) => option.name())
    const others = ['config', 'offload', 'io-uring', 'gro']
    expect(names.filter((name) => !others.includes(name)).sort()).toEqual([...OPTION_NAMES].sort())
  })

  test('are reported when they are given, and only then', () => {
    expect(said()).toEqual({})
    expect(said('--mtu', '9000', '--config=a.toml', '--host-address', '10.9.0.9')).toEqual({
      mtu: '9000',
      config: 'a.toml',
      'host-address': '10.9.0.9',
    })
    expect(said('--no-offload')).toEqual({ 'no-offload': true })
    expect(said('--offload')).toEqual({ 'no-offload': false })
    expect(said('--no-io-uring')).toEqual({ 'no-io-uring': true })
    expect(said('--io-uring')).toEqual({ 'no-io-uring': false })
    expect(said('--no-gro')).toEqual({ 'no-gro': true })
    expect(said('--gro')).toEqual({ 'no-gro': false })
    expect(said('--service', 'echo:7', '--service', 'talk')).toEqual({ service: ['echo:7', 'talk'] })
    expect(said('--sysctl', 'a=1', '--sysctl', 'b=2')).toEqual({ sysctl: ['a=1', 'b=2'] })
  })
})

describe('netstat', () => {
  test('asks the daemon with its flags and prints what it says', async () => {
    const path = join(temporaryFolder(), 'c.sock')
    let asked = ''
    const server = createServer((socket) => {
      socket.on('data', (data) => {
        asked += data
        socket.end('{"ok":true,"result":"Proto\\n"}\n')
      })
    }).listen(path)
    onTestFinished(() => void server.close())
    expect(await run(['netstat', '-nat', '--control', path])).toBe(0)
    expect(output.out).toBe('Proto\n')
    expect(JSON.parse(asked)).toEqual({ verb: 'netstat', args: { numeric: true, all: true, tcp: true } })
  })

  test.each([
    [['netstat', '-s'], { verb: 'statistics', args: {} }],
    [['netstat', '-i'], { verb: 'interfaces', args: {} }],
    [['queues'], { verb: 'queues', args: {} }],
    [['sysctl', '-a'], { verb: 'sysctl', args: {} }],
  ])('%j asks for a view', async (words, request) => {
    const path = join(temporaryFolder(), 'c.sock')
    let asked = ''
    const server = createServer((socket) => {
      socket.on('data', (data) => {
        asked += data
        socket.end('{"ok":true,"result":[]}\n')
      })
    }).listen(path)
    onTestFinished(() => void server.close())
    expect(await run([...words, '--control', path])).toBe(0)
    expect(JSON.parse(asked)).toEqual(request)
  })

  test('without a daemon it says so, with a hint', async () => {
    const path = join(temporaryFolder(), 'c.sock')
    expect(await run(['netstat', '--control', path])).toBe(1)
    expect(output.err).toBe(
      `tunstack: no daemon is running at ${path}\n  start it with \`tunstack up\`, or name its socket with --control PATH\n`,
    )
  })
})
