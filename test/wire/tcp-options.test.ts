import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { put32 } from '../../src/wire/bytes.ts'
import { Drop } from '../../src/wire/drop.ts'
import { SACK_BLOCKS, Segment } from '../../src/wire/tcp.ts'
import * as options from '../../src/wire/tcp-options.ts'
import { byte, port, readAmidNoise } from './arbitrary.ts'

interface Options {
  mss: number
  windowScale: number
  sackPermitted: boolean
  hasTimestamps: boolean
  tsVal: number
  tsEcr: number
  sack: number[]
  /** The Fast Open cookie, in hexadecimal, and behind it an `x` if it came as an experiment; undefined: none. */
  cookie: string | undefined
}

const NONE: Options = {
  mss: 0,
  windowScale: -1,
  sackPermitted: false,
  hasTimestamps: false,
  tsVal: 0,
  tsEcr: 0,
  sack: [],
  cookie: undefined,
}

function copy(s: Segment): Options {
  expect(s.sackCount).toBeLessThanOrEqual(SACK_BLOCKS)
  const { mss, windowScale, sackPermitted, hasTimestamps, tsVal, tsEcr } = s
  const sack = [...s.sackEdges.subarray(0, 2 * s.sackCount)]
  const cookie = cookieOf(s)
  return { mss, windowScale, sackPermitted, hasTimestamps, tsVal, tsEcr, sack, cookie }
}

function cookieOf(s: Segment): string | undefined {
  if (s.fastOpenLength < 0) return undefined
  const bytes = s.memory.subarray(s.fastOpenAt, s.fastOpenAt + s.fastOpenLength)
  return Buffer.from(bytes).toString('hex') + (s.isFastOpenExperimental ? 'x' : '')
}

function read(list: ArrayLike<number>): Options & { drop: Drop } {
  const out = new Segment()
  const bytes = Uint8Array.from(list)
  out.memory = bytes
  const drop = options.readOptions(out, bytes, 0, bytes.length)
  return { drop, ...copy(out) }
}

const good = (expected: Partial<Options> = {}) => ({ ...NONE, ...expected, drop: Drop.None })
const bad = (expected: Partial<Options> = {}) => ({ ...NONE, ...expected, drop: Drop.BadOption })

/** An option as its writer writes it, and what it should make of a record. */
type Writer = { write: (bytes: Uint8Array, at: number) => number; expected: Partial<Options> }

const edge = fc.integer()
const mss = fc.integer({ min: 1, max: 0xffff }).map((value): Writer => {
  return { write: (bytes, at) => options.putMss(bytes, at, value), expected: { mss: value } }
})
const windowScale = byte.map((value): Writer => {
  return { write: (bytes, at) => options.putWindowScale(bytes, at, value), expected: { windowScale: value } }
})
const sackPermitted = fc.constant<Writer>({
  write: options.putSackPermitted,
  expected: { sackPermitted: true },
})
const timestamps = fc.tuple(fc.boolean(), edge, edge).map(([isAligned, tsVal, tsEcr]): Writer => {
  const put = isAligned ? options.putAlignedTimestamps : options.putTimestamps
  const write = (bytes: Uint8Array, at: number) => put(bytes, at, tsVal, tsEcr)
  return { write, expected: { hasTimestamps: true, tsVal, tsEcr } }
})
const sack = fc.array(fc.tuple(edge, edge), { minLength: 1, maxLength: 4 }).map((blocks): Writer => {
  const edges = blocks.flat()
  return { write: (bytes, at) => writeSack(bytes, at, edges), expected: { sack: edges } }
})
const fastOpen = fc
  .tuple(fc.boolean(), fc.constantFrom(0, 4, 6, 8, 16), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([isExperimental, length, data]): Writer => {
    const cookie = data.subarray(0, length)
    const write = (bytes: Uint8Array, at: number) => {
      const to = options.putFastOpenHeader(bytes, at, length, isExperimental)
      bytes.set(cookie, to)
      return to + length
    }
    const text = Buffer.from(cookie).toString('hex') + (isExperimental ? 'x' : '')
    return { write, expected: { cookie: text } }
  })
const padding = fc.constant<Writer>({ write: options.putNop, expected: {} })
const unknown = fc
  .tuple(fc.constantFrom(6, 7, 9, 19, 28, 30, 253, 254, 255), fc.uint8Array({ maxLength: 12 }))
  // Kind 254 with this experiment's number is Fast Open (RFC 7413 §4.1.1).
  .filter(([kind, data]) => kind !== 254 || data[0] !== 0xf9 || data[1] !== 0x89)
  .map(([kind, data]): Writer => {
    return { write: (bytes, at) => writeOption(bytes, at, kind, data), expected: {} }
  })

function writeSack(bytes: Uint8Array, at: number, edges: number[]): number {
  let to = options.putSackHeader(bytes, at, edges.length / 2)
  for (const value of edges) {
    put32(bytes, to, value)
    to += 4
  }
  return to
}

function writeOption(bytes: Uint8Array, at: number, kind: number, data: Uint8Array): number {
  bytes.set([kind, data.length + 2, ...data], at)
  return at + data.length + 2
}

describe('[RFC9293 §3.1] reading (MUST-4, MUST-5, MUST-6, MUST-64, MUST-68)', () => {
  test('what is written is read: known kinds once each, in any order, at any alignment, with others between', () => {
    const known = fc.shuffledSubarray([
      'mss',
      'windowScale',
      'sackPermitted',
      'timestamps',
      'sack',
      'fastOpen',
    ] as const)
    const any = fc.record({ mss, windowScale, sackPermitted, timestamps, sack, fastOpen })
    const filler = fc.array(fc.oneof(padding, unknown), { maxLength: 3 })
    fc.assert(
      fc.property(known, any, fc.array(filler, { minLength: 7, maxLength: 7 }), (order, made, fillers) => {
        const bytes = new Uint8Array(400)
        const writers = [...fillers[6]!, ...order.flatMap((name, i) => [made[name], ...fillers[i]!])]
        let end = 0
        for (const writer of writers) end = writer.write(bytes, end)
        expect(read(bytes.subarray(0, end))).toEqual(
          good(Object.assign({}, ...writers.map((w) => w.expected))),
        )
      }),
    )
  })

  test('the list ends with kind 0, whatever follows', () => {
    expect(read([2, 4, 5, 180, 0, 3, 3, 7])).toEqual(good({ mss: 1460 }))
    expect(read([0, 99, 99, 99])).toEqual(good())
    const bytes = new Uint8Array(8)
    expect(options.putEnd(bytes, options.putNop(bytes, 0))).toBe(2)
    expect(read(bytes)).toEqual(good())
  })

  test('no options, and options all padding, are none', () => {
    expect(read([])).toEqual(good())
    expect(read([1, 1, 1, 1])).toEqual(good())
  })

  test('[RFC7323 §A] the usual two NOPs and timestamps, and 12 bytes that only begin like them', () => {
    expect(read([1, 1, 8, 10, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff])).toEqual(
      good({ hasTimestamps: true, tsVal: 256, tsEcr: -1 }),
    )
    expect(read([1, 1, 8, 9, 0, 0, 1, 0, 0, 0, 1, 1])).toEqual(bad())
    expect(read([1, 1, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1])).toEqual(good({ sackPermitted: true }))
  })

  test('of a kind that comes twice, the last holds; blocks add up', () => {
    expect(read([2, 4, 0, 1, 2, 4, 0, 2])).toEqual(good({ mss: 2 }))
    const bytes = new Uint8Array(20)
    writeSack(bytes, writeSack(bytes, 0, [1, 2]), [3, 4])
    expect(read(bytes)).toEqual(good({ sack: [1, 2, 3, 4] }))
  })

  test('[RFC2018 §3] only the first four SACK blocks are kept', () => {
    const bytes = new Uint8Array(100)
    const end = writeSack(bytes, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(read(bytes.subarray(0, end))).toEqual(good({ sack: [1, 2, 3, 4, 5, 6, 7, 8] }))
    const more = writeSack(bytes, end, [11, 12])
    expect(read(bytes.subarray(0, more))).toEqual(good({ sack: [1, 2, 3, 4, 5, 6, 7, 8] }))
  })

  test('[RFC7323 §2.3] a shift above 14 is handed on as it came', () => {
    expect(read([3, 3, 255])).toEqual(good({ windowScale: 255 }))
  })
})

describe('[RFC9293 §3.1] illegal lengths (MUST-7)', () => {
  const mssFirst = [2, 4, 5, 180]

  test.each([2, 3, 4, 5, 8, 77])('kind %i with length 0 or 1 ends the list; what was read holds', (kind) => {
    for (const length of [0, 1]) {
      expect(read([...mssFirst, kind, length, 3, 3, 7])).toEqual(bad({ mss: 1460 }))
    }
  })

  test.each([2, 3, 4, 5, 8, 77])('kind %i that reaches beyond the header ends the list', (kind) => {
    expect(read([...mssFirst, kind, 40, 0, 0])).toEqual(bad({ mss: 1460 }))
    expect(read([...mssFirst, kind, 255])).toEqual(bad({ mss: 1460 }))
    expect(read([...mssFirst, kind])).toEqual(bad({ mss: 1460 }))
  })

  test('a known kind with a length that is not its own is ignored, the rest is read', () => {
    const right: Record<number, (length: number) => boolean> = {
      2: (length) => length === 4,
      3: (length) => length === 3,
      4: (length) => length === 2,
      5: (length) => length >= 10 && length % 8 === 2,
      8: (length) => length === 10,
      34: (length) => length === 2 || (length >= 6 && length <= 18 && length % 2 === 0),
    }
    for (const [kind, isRight] of Object.entries(right)) {
      for (let length = 2; length <= 36; length++) {
        if (isRight(length)) continue
        const list = [Number(kind), length, ...new Array(length - 2).fill(9)]
        const after = kind === '3' ? [4, 2] : [3, 3, 7]
        const expected = kind === '3' ? { sackPermitted: true } : { windowScale: 7 }
        expect(read([...list, ...after]), `kind ${kind} length ${length}`).toEqual(bad(expected))
      }
    }
  })
})

describe('robustness', () => {
  const plausible = fc
    .array(fc.tuple(fc.nat(9), fc.nat(12), fc.uint8Array({ maxLength: 10 })), { maxLength: 6 })
    .map((list) => Uint8Array.from(list.flatMap(([kind, length, data]) => [kind, length, ...data])))

  test('any bytes end in None or BadOption, never an exception or an endless loop, read within bounds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), plausible), (bytes) => {
        const [one, other] = readAmidNoise(bytes, (placed) => {
          const out = new Segment()
          return { drop: options.readOptions(out, placed.bytes, placed.offset, placed.end), ...copy(out) }
        })
        expect(one).toEqual(other)
        expect([Drop.None, Drop.BadOption]).toContain(one.drop)
      }),
      { numRuns: 1000 },
    )
  })

  test('a list cut short anywhere keeps what was whole', () => {
    const bytes = new Uint8Array(40)
    const afterMss = options.putMss(bytes, 0, 1460)
    const end = options.putTimestamps(bytes, options.putSackPermitted(bytes, afterMss), 5, 6)
    for (let cut = 0; cut <= end; cut++) {
      const { mss, sackPermitted, hasTimestamps, drop } = read(bytes.subarray(0, cut))
      expect({ mss, sackPermitted, hasTimestamps }).toEqual({
        mss: cut >= 4 ? 1460 : 0,
        sackPermitted: cut >= 6,
        hasTimestamps: cut >= 16,
      })
      expect(drop).toBe([0, 4, 6, 16].includes(cut) ? Drop.None : Drop.BadOption)
    }
  })

  test('writers write big-endian and return where they ended', () => {
    fc.assert(
      fc.property(port, fc.nat(30), (value, at) => {
        const bytes = new Uint8Array(50)
        expect(options.putMss(bytes, at, value)).toBe(at + 4)
        expect([...bytes.subarray(at, at + 4)]).toEqual([2, 4, value >> 8, value & 0xff])
        expect(options.putWindowScale(bytes, at, 7)).toBe(at + 3)
        expect(options.putSackPermitted(bytes, at)).toBe(at + 2)
        expect(options.putTimestamps(bytes, at, 1, 2)).toBe(at + 10)
        expect(options.putSackHeader(bytes, at, 3)).toBe(at + 2)
        expect([...bytes.subarray(at, at + 2)]).toEqual([5, 26])
      }),
    )
  })
})
