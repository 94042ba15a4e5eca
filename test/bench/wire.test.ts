import { describe, expect, test } from 'vitest'
import { median } from '../../bench/support/statistics.ts'
import { CANDIDATES } from '../../bench/wire/candidates.ts'
import { drawChart } from '../../bench/wire/chart.ts'
import { type Figure, ratio, toFigure } from '../../bench/wire/figures.ts'
import type { Measured, WireResults } from '../../bench/wire/results.ts'
import { formatCosts, formatNumber, formatRates, formatWire } from '../../bench/wire/table.ts'

describe('the median', () => {
  test('is the middle one, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([10, 9, 100, 1])).toBe(9.5)
    expect(median([7])).toBe(7)
    expect(median([])).toBeNaN()
  })
})

describe('a ratio', () => {
  test('needs two numbers and something to divide by', () => {
    expect(ratio(3, 4)).toBe(0.75)
    expect(ratio(undefined, 4)).toBeUndefined()
    expect(ratio(3, undefined)).toBeUndefined()
    expect(ratio(3, 0)).toBeUndefined()
  })
})

describe('rounds become a figure', () => {
  const bulk = (bytes: number, share: number) => ({ seconds: 2, clientCpu: 0.5, stackCpu: 1.5, bytes, share })

  test('of bytes: bits a second and nanoseconds a kilobyte, the lowest share', () => {
    const figure = toFigure('up-8', 'tunstack', [bulk(1e9, 0.9), bulk(3e9, 0.5), bulk(2e9, 0.7)])
    expect(figure).toEqual({
      scenario: 'up-8',
      candidate: 'tunstack',
      rate: 8,
      rates: [4, 12, 8],
      cost: 1000,
      stackCost: 750,
      share: 0.5,
    })
  })

  test('of operations: a second, and microseconds each', () => {
    const report = { seconds: 2, clientCpu: 1, stackCpu: 1, operations: 1000, p50: 10, p99: 30 }
    expect(toFigure('rr', 'lwip', [report])).toEqual({
      scenario: 'rr',
      candidate: 'lwip',
      rate: 500,
      rates: [500],
      cost: 2000,
      stackCost: 1000,
      p50: 10,
      p99: 30,
    })
  })

  test('of idle connections: percent of a CPU, and bytes each', () => {
    const report = { seconds: 4, clientCpu: 0, stackCpu: 0.1, memoryBefore: 1000, memoryAfter: 5000 }
    const first = { firstSeconds: 2, firstCpu: 0.5 }
    expect(toFigure('idle', 'limits', [{ ...report, ...first, connections: 2 }])).toEqual({
      scenario: 'idle',
      candidate: 'limits',
      firstCpu: 25,
      idleCpu: 2.5,
      bytesPerConnection: 2000,
    })
  })

  test('a round that failed does not count, unless all did', () => {
    expect(toFigure('rr', 'lwip', [{ error: 'a' }, bulk(1e9, 1)])).toMatchObject({ rate: 4, failedRounds: 1 })
    expect(toFigure('rr', 'lwip', [{ error: 'a' }, { error: 'b' }])).toEqual({
      scenario: 'rr',
      candidate: 'lwip',
      error: 'b',
    })
  })

  test('nothing moved is a rate of zero, and costs nothing that can be told', () => {
    const figure = toFigure('up-1', 'lwip', [{ seconds: 1, clientCpu: 0, stackCpu: 0, bytes: 0 }])
    expect(figure).toMatchObject({ rate: 0, rates: [0] })
    expect(figure.cost).toBeUndefined()
  })
})

const measured: Measured[] = [
  { key: 'tunstack', name: 'tunstack', usesOffload: true, reference: 'limits' },
  { key: 'limits', name: 'C limit', usesOffload: true },
  { key: 'lwip', name: 'lwIP', usesOffload: false, missing: 'liblwip-dev is not installed' },
]

const figures: Figure[] = [
  { scenario: 'up-8', candidate: 'tunstack', rate: 30, cost: 200, share: 0.75 },
  { scenario: 'up-8', candidate: 'limits', rate: 40, cost: 100, share: 1 },
  { scenario: 'rr', candidate: 'tunstack', error: 'recv: Connection reset by peer' },
  { scenario: 'rr', candidate: 'limits', rate: 77_500, cost: 12.9 },
  { scenario: 'idle', candidate: 'tunstack', firstCpu: 5, idleCpu: 0, bytesPerConnection: 1024 },
]

const results: WireResults = {
  settings: {
    rounds: 3,
    unpinnedRounds: 0,
    idleRounds: 1,
    seconds: 1,
    warmup: 0,
    settling: 0,
    warming: 0,
    patience: 60,
    cpu: 1,
  },
  candidates: measured,
  pinned: figures,
  unpinned: [],
}

describe('the tables', () => {
  test('numbers have three digits that count', () => {
    expect([0.0123, 1.234, 12.34, 123.4, 1_234_567, -1234.5].map(formatNumber)).toEqual([
      '0.012',
      '1.23',
      '12.3',
      '123',
      '1,234,567',
      '-1,235',
    ])
  })

  test('a rate stands beside the part of its reference that it is', () => {
    expect(formatRates(measured.slice(0, 2), figures)).toBe(
      [
        '                                          tunstack          C limit',
        'upload, 8 connections             Gbit/s      30.0  (75 %)     40.0',
        'request/response of 64 bytes  per second    failed           77,500',
        '',
      ].join('\n'),
    )
  })

  test('so does processor time', () => {
    expect(formatCosts(measured.slice(0, 2), figures).split('\n')[1]).toMatch(/ns\/KB +200 +\(200 %\) +100$/)
  })

  test('shares, idle connections, what failed and what is missing are told', () => {
    const text = formatWire(results)
    expect(text).toMatch(/^upload, 8 connections +75 % +100 %$/m)
    expect(text).toMatch(/^processor time, just opened +5\.00 % +-$/m)
    expect(text).toMatch(/^processor time, settled +0\.00 % +-$/m)
    expect(text).toMatch(/^resident bytes a connection, settled +1,024 +-$/m)
    expect(text).toContain('tunstack, request/response of 64 bytes: recv: Connection reset by peer\n')
    expect(text).toMatch(/^lwIP: not measured, liblwip-dev is not installed$/m)
    expect(text).not.toContain('Not pinned')
  })
})

describe('the chart', () => {
  test('is an SVG with a name for everyone who was measured', () => {
    const svg = drawChart(results, 'a machine')
    expect(svg).toMatch(/^<svg .*<\/svg>$/s)
    for (const text of ['tunstack', 'C limit', 'a machine', 'Gbit/s']) expect(svg).toContain(text)
    expect(svg).not.toContain('lwIP')
  })
})

describe('the candidates', () => {
  test('refer to each other by keys that there are', () => {
    const keys = CANDIDATES.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    for (const { reference } of CANDIDATES) if (reference !== undefined) expect(keys).toContain(reference)
  })
})
