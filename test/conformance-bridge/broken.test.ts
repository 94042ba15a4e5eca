import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BridgeServer } from '../../src/cli/bridge-server.ts'
import { Bridge } from '../../src/conformance/bridge/bridge.ts'
import { Op } from '../../src/conformance/bridge/frame.ts'
import { frame } from './client.ts'
import { listens, receives, sends, site } from './site.ts'

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** A frame after HELLO whose last blob says that it is longer than it is. */
function cutBlob(): Buffer {
  const bytes = frame(1, Op.Write, 1, [3], [Buffer.from('abcd')])
  bytes.writeUInt32LE(1000, bytes.length - 8)
  return bytes
}

describe('a broken client', () => {
  test.each([
    ['too short a frame', u32(3)],
    ['too long a frame', u32(0x7fff_ffff)],
    [
      'fewer integers than it says',
      Buffer.concat([u32(12), Buffer.from([1, 0, 0, 0, 3, 0, 1, 0, 200, 0, 0, 0])]),
    ],
    ['a blob beyond the end', cutBlob()],
    ['an operation without its integers', frame(1, Op.Bind, 1, [])],
    ['an operation without its blob', frame(1, Op.Bind, 1, [3])],
    ['a negative time', frame(1, Op.Advance, 1, [-1])],
    ['a time without end', frame(1, Op.Advance, 1, [2n ** 62n])],
    ['a negative length', frame(1, Op.Read, 1, [3, -1])],
  ])('that sends %s ends its own connection only', async (_what, bytes) => {
    const { hello, logged } = await site()
    const [other, broken] = [await hello(), await hello()]
    broken.write(bytes)
    await broken.ended()
    expect(logged).toHaveLength(1)
    await listens(other)
    await sends(other, { flags: 2 })
    expect(await receives(other)).toBeDefined()
  })

  test('that asks before HELLO', async () => {
    const { connect, logged } = await site()
    const client = await connect()
    void client.ask(Op.Advance, [1])
    await client.ended()
    expect(logged).toEqual(["a client's connection ends: operation 3 before HELLO"])
  })

  test('that goes away in the middle of a frame, or of a call, leaves nothing', async () => {
    const log = (): void => {}
    const bridge = new Bridge({ log })
    const connection = bridge.connect(log)
    connection.receive(frame(1, Op.Hello, 1, [1, 0, 1e6], [Buffer.from('')]))
    connection.receive(frame(2, Op.Socket, 1, [2, 1, 6, 3]))
    connection.receive(frame(3, Op.Listen, 1, [3, 1]))
    connection.receive(frame(4, Op.Accept, 0, [3, 4]))
    connection.receive(frame(5, Op.Accept, 0, [3, 5]).subarray(0, 7))
    expect(bridge.sessions.size).toBe(1)
    connection.close()
    expect(bridge.sessions.size).toBe(0)
  })
})

test('frames may come in any pieces', async () => {
  const { hello } = await site()
  const client = await hello()
  const bytes = Buffer.concat([1, 2, 3, 4].map((n) => frame(100 + n, Op.Advance, 1, [n])))
  for (const byte of bytes) {
    client.write(Buffer.of(byte))
    await new Promise(setImmediate)
  }
  await client.ask(Op.Advance, [0])
  expect(client.answers.map(({ id }) => id).filter((id) => id > 100)).toEqual([101, 102, 103, 104])
})

test('whatever bytes come, nothing but the connection is lost', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          op: fc.oneof(fc.integer({ min: 0, max: 45 }), fc.constantFrom(10, 11, 12, 14, 16, 32)),
          flags: fc.integer({ min: 0, max: 1 }),
          ints: fc.array(fc.oneof(fc.integer({ min: -1, max: 9 }), fc.integer()), { maxLength: 7 }),
          blobs: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }),
        }),
        { maxLength: 20 },
      ),
      (requests) => {
        const bridge = new Bridge({ log: () => {} })
        let answers = 0
        const connection = bridge.connect(() => answers++)
        connection.receive(frame(0, Op.Hello, 1, [1, 0, 1000], [Buffer.from('')]))
        try {
          for (const { op, flags, ints, blobs } of requests)
            connection.receive(frame(1, op, flags, ints, blobs))
        } catch (error) {
          expect((error as Error).name).toBe('ProtocolError')
        }
        connection.close()
        expect(answers).toBeGreaterThan(0)
      },
    ),
    { numRuns: 300 },
  )
})

test('a path that somebody uses is refused', async () => {
  const { path } = await site()
  await expect(BridgeServer.listen(path, { log: () => {} })).rejects.toThrow(/another bridge answers on/)
})
