import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatBits, formatRow, type Row, toRow } from '../../src/cli/bench-report.ts'
import { run } from '../../src/cli/program.ts'
import { captureOutput } from '../support/captured-output.ts'

const output = captureOutput()

describe('figures', () => {
  test('bytes become bits, connections a share, and milliseconds percentiles', () => {
    const latencies = Array.from({ length: 100 }, (_, i) => (i + 1) / 1000)
    expect(toRow({ seconds: 2, counts: [100, 300] }, true, 1)).toEqual({
      bitsPerSecond: 1600,
      seconds: 2,
      share: 0.5,
      clientCpu: 50,
    })
    expect(toRow({ seconds: 2, counts: [100], latencies }, false, 0)).toEqual({
      operationsPerSecond: 50,
      seconds: 2,
      p50: 51,
      p99: 100,
      clientCpu: 0,
    })
  })

  test('have three digits', () => {
    expect([1.234e10, 9.87e8, 1234].map(formatBits)).toEqual(['12.3 Gbit/s', '987 Mbit/s', '1.23 kbit/s'])
  })

  test('stand in one line', () => {
    const up: Row = { test: 'up', service: 'discard', port: 9, bitsPerSecond: 1e9, share: 0.5, clientCpu: 9 }
    expect(formatRow(up)).toBe(
      'up    discard 9    1.00 Gbit/s  slowest connection 50 % of its share; client 9 % CPU\n',
    )
    const rr: Row = { test: 'rr', service: 'echo', port: 7, operationsPerSecond: 12345, p50: 10, p99: 20 }
    expect(formatRow(rr)).toBe('rr    echo 7         12,345 /s  p50 10 µs, p99 20 µs\n')
    const failed: Row = { test: 'rr', service: 'echo', port: 7, error: { code: 'EPIPE', message: '' } }
    expect(formatRow(failed)).toBe('rr    echo 7            failed  EPIPE\n')
  })
})

describe('against services of this host', () => {
  const servers: Server[] = []
  let discard = ''
  let chargen = ''
  let echo = ''
  let rude = ''
  let mute = ''
  let closed = ''

  const serve = (converse: (socket: Socket) => void): Promise<string> =>
    new Promise((resolve) => {
      const server = createServer((socket) => converse(socket.on('error', () => {})))
      servers.push(server)
      server.listen(0, '127.0.0.1', () => resolve(`${(server.address() as AddressInfo).port}`))
    })

  beforeAll(async () => {
    discard = await serve((socket) => void socket.resume())
    chargen = await serve((socket) => {
      const fill = (): void => {
        while (socket.write(Buffer.alloc(10_000)));
      }
      socket.on('drain', fill)
      fill()
    })
    echo = await serve((socket) => void socket.pipe(socket))
    rude = await serve((socket) => socket.end())
    mute = await serve(() => {})
    closed = await serve(() => {})
    servers.at(-1)!.close()
  })
  afterAll(() => {
    for (const server of servers) server.close()
  })

  const bench = (...words: string[]): Promise<number> =>
    run(['bench', '127.0.0.1', '--seconds', '0.1', ...words])
  const ports = (): string[] => ['--discard-port', discard, '--chargen-port', chargen, '--echo-port', echo]

  test('all tests print a line each', async () => {
    expect(await bench(...ports())).toBe(0)
    expect(output.err).toBe('')
    expect(output.out).toMatch(/^127\.0\.0\.1, 1 connection, 0\.1 s each\nup .*\ndown .*\nrr .*\ncrr .*\n$/)
    expect(output.out.match(/ [MG]bit\/s /g)).toHaveLength(2)
    expect(output.out.match(/ \/s {2}p50 \d+ µs, p99 \d+ µs/g)).toHaveLength(2)
  })

  test('only what is asked for, as JSON', async () => {
    expect(await bench('crr', 'up', '--connections', '3', '--json', ...ports())).toBe(0)
    const said = JSON.parse(output.out)
    expect(said).toMatchObject({ host: '127.0.0.1', seconds: 0.1, connections: 3 })
    expect(said.tests.map((row: Row) => row.test)).toEqual(['crr', 'up'])
    for (const row of said.tests) {
      expect(row.bitsPerSecond ?? row.operationsPerSecond).toBeGreaterThan(0)
      expect(row.share).toBeGreaterThan(0)
    }
  })

  test('a closed port is refused, with a hint, and the others are measured all the same', async () => {
    expect(await bench('rr', 'up', ...ports(), '--echo-port', closed)).toBe(1)
    expect(output.out).toMatch(/^rr {4}echo \d+ +failed {2}ECONNREFUSED\nup .*bit\/s/m)
    expect(output.err).toBe(
      `tunstack: 127.0.0.1 port ${closed} refuses: nothing listens\n  a tunstack there serves it with --service echo:${closed}\n`,
    )
  })

  test.each([
    ['up', 'discard', () => rude, 'ended the connection before its time'],
    ['down', 'chargen', () => rude, 'ended the connection before its time'],
    ['rr', 'echo', () => rude, 'ended the connection before its time'],
    ['crr', 'echo', () => chargen, 'sends back something else than it was sent'],
    ['down', 'chargen', () => mute, 'sends nothing'],
  ])('%s: the wrong service at the %s port fails', async (name, service, port, message) => {
    expect(await bench(name, `--${service}-port`, port())).toBe(1)
    expect(output.err).toContain(`tunstack: 127.0.0.1 port ${port()} ${message}\n`)
  })

  test.each([
    [['sideways'], 'Allowed choices are up, down, rr, crr'],
    [['--seconds', '0'], 'a number from 0.1 to 3600'],
    [['--connections', '1.5'], 'an integer from 1 to 10000'],
    [['--echo-port', '65536'], 'an integer from 1 to 65535'],
  ])('%j is a mistake of usage', async (words, message) => {
    expect(await bench(...words)).toBe(2)
    expect(output.err).toContain(message)
  })
})
