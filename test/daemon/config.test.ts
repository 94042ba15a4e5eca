import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type DaemonConfig, loadConfig } from '../../src/daemon/config.ts'
import { UsageError } from '../../src/daemon/errors.ts'

function file(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tunstack-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'tunstack.toml')
  writeFileSync(path, content)
  return path
}

const fromFile = (content: string, commandLine: Record<string, unknown> = {}): DaemonConfig =>
  loadConfig({ ...commandLine, config: file(content) })

/** The message with which the configuration is refused. */
function refusal(commandLine: Record<string, unknown>): string {
  try {
    loadConfig(commandLine)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as UsageError).message
  }
  throw new Error(`not refused: ${JSON.stringify(commandLine)}`)
}

describe('defaults', () => {
  test('without options the daemon is 10.9.0.2 on tun0', () => {
    const { seed, ...config } = loadConfig({})
    expect(config).toEqual({
      dev: 'tun0',
      address: { address: 0x0a090002, prefix: 24 },
      hostAddress: 0x0a090001,
      mtu: 1500,
      queues: 1,
      offload: true,
      ring: true,
      gro: true,
      tunFd: undefined,
      quietTime: 0,
      services: [
        { name: 'echo', port: 7 },
        { name: 'discard', port: 9 },
        { name: 'daytime', port: 13 },
        { name: 'chargen', port: 19 },
        { name: 'time', port: 37 },
        { name: 'talk', port: 9502 },
      ],
      user: undefined,
      pcap: undefined,
      control: '/run/tunstack/tun0.sock',
      pidFile: undefined,
      readyFd: undefined,
      logLevel: 'info',
      logFormat: 'text',
      sysctls: new Map(),
      impair: undefined,
    })
    expect(seed).toBeGreaterThanOrEqual(0)
    expect(seed).toBeLessThan(2 ** 32)
  })

  test('the control socket is named after the device', () => {
    expect(loadConfig({ dev: 'tap-x.1' }).control).toBe('/run/tunstack/tap-x.1.sock')
  })

  test.each([
    ['192.168.7.2/24', 0xc0a80701],
    ['192.168.7.1/24', 0xc0a80702],
    ['10.0.0.0/31', 0x0a000001],
    ['10.0.0.1/31', 0x0a000000],
    ['172.16.0.9/30', 0xac10000a],
  ])('the kernel gets the first other address of %s', (address, host) => {
    expect(loadConfig({ address }).hostAddress).toBe(host | 0)
  })
})

describe('every option', () => {
  const commandLine = {
    dev: 'tun7',
    address: '192.0.2.9/28',
    'host-address': '192.0.2.14',
    mtu: '9000',
    queues: '1',
    'no-offload': true,
    'no-io-uring': true,
    'no-gro': true,
    'tun-fd': '5',
    'quiet-time': '30',
    service: ['echo:7007', 'talk'],
    user: 'nobody',
    pcap: 'a.pcap',
    control: '/tmp/c.sock',
    'pid-file': '/tmp/p.pid',
    'ready-fd': '3',
    'log-level': 'debug',
    'log-format': 'json',
    sysctl: ['net.ipv4.tcp_fin_timeout=30', 'tcp_rmem=4096 8192 16384'],
    impair: 'loss=1%,delay=20ms',
    seed: '4294967295',
  }
  const resolved: DaemonConfig = {
    dev: 'tun7',
    address: { address: 0xc0000209 | 0, prefix: 28 },
    hostAddress: 0xc000020e | 0,
    mtu: 9000,
    queues: 1,
    offload: false,
    ring: false,
    gro: false,
    tunFd: 5,
    quietTime: 30,
    services: [
      { name: 'echo', port: 7007 },
      { name: 'talk', port: 9502 },
    ],
    user: 'nobody',
    pcap: resolve('a.pcap'),
    control: '/tmp/c.sock',
    pidFile: '/tmp/p.pid',
    readyFd: 3,
    logLevel: 'debug',
    logFormat: 'json',
    sysctls: new Map([
      ['tcp_fin_timeout', '30'],
      ['tcp_rmem', '4096 8192 16384'],
    ]),
    impair: { loss: 0.01, reorder: 0, duplicate: 0, corrupt: 0, delay: 20_000, rate: 0 },
    seed: 4294967295,
  }
  const toml = `
    dev = "tun7"
    address = "192.0.2.9/28"
    host-address = "192.0.2.14"
    mtu = 9000
    queues = 1
    no-offload = true
    no-io-uring = true
    no-gro = true
    tun-fd = 5
    quiet-time = 30
    service = ["echo:7007", "talk"]
    user = "nobody"
    pcap = "a.pcap"
    control = "/tmp/c.sock"
    pid-file = "/tmp/p.pid"
    ready-fd = 3
    log-level = "debug"
    log-format = "json"
    impair = "loss=1%,delay=20ms"
    seed = 4294967295
    [sysctl]
    net.ipv4.tcp_fin_timeout = 30
    "net.ipv4.tcp_rmem" = [4096, 8192, 16384]`

  test('on the command line', () => {
    expect(loadConfig(commandLine)).toEqual(resolved)
  })

  test('in the file', () => {
    expect(fromFile(toml)).toEqual(resolved)
  })

  test('the command line wins, key by key for sysctls', () => {
    const config = fromFile(toml, {
      mtu: '1400',
      'no-offload': false,
      'no-io-uring': false,
      'no-gro': false,
      sysctl: ['tcp_fin_timeout=9'],
      service: ['time'],
    })
    expect(config).toEqual({
      ...resolved,
      mtu: 1400,
      offload: true,
      ring: true,
      gro: true,
      services: [{ name: 'time', port: 37 }],
      sysctls: new Map([
        ['tcp_fin_timeout', '9'],
        ['tcp_rmem', '4096 8192 16384'],
      ]),
    })
  })

  test('sysctls may be a list in the file too', () => {
    expect(fromFile('sysctl = ["net.ipv4.tcp_sack=0"]').sysctls).toEqual(new Map([['tcp_sack', '0']]))
  })
})

describe('refusals', () => {
  test.each([
    [{ dev: '' }, '--dev: must be a device name'],
    [{ user: '' }, '--user: must not be empty'],
    [{ dev: 'sixteen-letters-' }, '--dev: must be a device name'],
    [{ dev: 'tun/0' }, '--dev: must be a device name'],
    [{ dev: 'tun%d' }, '--dev: must be a device name'],
    [{ address: '10.9.0.2' }, "--address: '10.9.0.2' is not ADDRESS/PREFIX, as in 10.9.0.2/24"],
    [{ address: '10.9.0.2/33' }, '--address: a prefix is at most 32 bits long, not 33'],
    [{ address: '10.9.0.2/024' }, '--address: '],
    [{ address: '10.9.0.256/24' }, "--address: '10.9.0.256' is not an IPv4 address"],
    [{ address: '10.9.0.0/24' }, '10.9.0.0 is the address of the network itself'],
    [{ address: '10.9.0.255/24' }, '10.9.0.255 is the broadcast address of its network'],
    [{ address: '127.0.0.2/8' }, '127.0.0.2 is not an address that a host can have'],
    [{ address: '224.0.0.2/24' }, '224.0.0.2 is not an address that a host can have'],
    [{ address: '10.9.0.2/32' }, 'the network 10.9.0.2/32 has no second address; give --host-address'],
    [
      { 'host-address': '10.8.0.1' },
      '--host-address 10.8.0.1 is not in the network of --address 10.9.0.2/24',
    ],
    [{ 'host-address': '10.9.0.2' }, '10.9.0.2 cannot be both --address and --host-address'],
    [{ 'host-address': '010.9.0.1' }, "--host-address: '010.9.0.1' is not an IPv4 address"],
    [{ mtu: '67' }, "--mtu: must be an integer from 68 to 65535, not '67'"],
    [{ mtu: '1e3' }, "--mtu: must be an integer from 68 to 65535, not '1e3'"],
    [{ mtu: '' }, '--mtu: must be an integer'],
    [{ queues: '65' }, "--queues: must be an integer from 1 to 64, not '65'"],
    [{ queues: '2', 'tun-fd': '5' }, '--tun-fd: a descriptor is one queue, so --queues must be 1'],
    [{ queues: '0' }, "--queues: must be an integer from 1 to 64, not '0'"],
    [{ 'ready-fd': '1' }, '--ready-fd: must be an integer from 3'],
    [{ service: ['echoo:7'] }, "--service: no service 'echoo' (did you mean 'echo'?)"],
    [{ service: ['echo:0'] }, "--service: 'echo:0' is not NAME:PORT, port 1 to 65535"],
    [{ service: ['echo:7:8'] }, "--service: 'echo:7:8' is not NAME:PORT"],
    [{ service: ['echo:7', 'time:7'] }, 'port 7 is given to echo and to time'],
    [{ control: `/${'x'.repeat(107)}` }, '--control: is too long for a unix socket (107 bytes)'],
    [{ 'log-level': 'loud' }, '--log-level: must be one of fatal, error, warn, info, debug, trace, silent'],
    [{ 'log-format': 'xml' }, '--log-format: must be one of text, json'],
    [{ sysctl: ['tcp_sack'] }, "--sysctl: 'tcp_sack' is not KEY=VALUE"],
    [
      { sysctl: ['net.ipv4.tcp_tw_recycle=1'] },
      '--sysctl: net.ipv4.tcp_tw_recycle is refused: removed in Linux 4.12',
    ],
    [{ impair: 'loss=1' }, "--impair: '1' is not a number with a unit (%), as in 1%"],
    [{ impair: 'los=1%' }, "--impair: no impairment 'los' (did you mean 'loss'?)"],
    [{ seed: '-1' }, "--seed: must be an integer from 0 to 4294967295, not '-1'"],
    [{ config: '/nonexistent/t.toml' }, '/nonexistent/t.toml: ENOENT'],
  ])('%j', (commandLine, message) => {
    expect(refusal(commandLine)).toContain(message)
  })

  test('all mistakes are named at once', () => {
    expect(refusal({ mtu: '1', dev: '' }).split('\n')).toHaveLength(2)
  })

  test.each([
    ['adress = "10.9.0.2/24"', "adress: unknown key (did you mean 'address'?)"],
    ['xyzzy = 1', 'xyzzy: unknown key'],
    ['config = "other.toml"', 'config: unknown key'],
    ['mtu = 1500.5', 'mtu: must be an integer from 68 to 65535'],
    ['mtu = true', 'mtu: must be a number'],
    ['no-offload = "yes"', 'no-offload: must be true or false'],
    ['no-io-uring = 1', 'no-io-uring: must be true or false'],
    ['service = "echo:7"', 'service: must be a list of NAME:PORT'],
    ['sysctl = 5', 'sysctl: must be a list of KEY=VALUE, or a table'],
    ['[sysctl]\nnet.ipv4.tcp_tw_recycle = 1', 'sysctl: net.ipv4.tcp_tw_recycle is refused'],
    ['sysctl = ["net.ipv4.tcp_tw_recycle=1"]', 'sysctl: net.ipv4.tcp_tw_recycle is refused'],
  ])('%s in the file', (content, message) => {
    const config = file(content)
    expect(refusal({ config })).toContain(`${config}: ${message}`)
  })

  test('a syntax error in the file is shown by line and column', () => {
    const config = file('mtu = 1500\ndev = = 2\n')
    expect(refusal({ config })).toContain(`${config}:2:7: `)
  })
})
