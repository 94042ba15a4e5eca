import { describe, expect, test } from 'vitest'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import { Shutdown } from '../../src/socket/constants.ts'
import type { Sockets } from '../../src/socket/sockets.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { pattern } from '../support/packets.ts'
import { A, B, pair } from '../support/sim-world.ts'

/** Serves one connection: reads to the end of the stream, then closes. */
function collect(sockets: Sockets, port: number): { bytes: number[]; ended: boolean } {
  const got = { bytes: [] as number[], ended: false }
  const listener = sockets.stream()
  listener.bind(0, port)
  listener.listen(8)
  const buffer = new Uint8Array(65536)
  listener.onReady = () => {
    const accepted = listener.accept()
    if (typeof accepted === 'number') return
    accepted.onReady = () => {
      let count = accepted.recv(buffer, 0, buffer.length)
      for (; count > 0; count = accepted.recv(buffer, 0, buffer.length))
        got.bytes.push(...buffer.subarray(0, count))
      if (count !== 0) return
      got.ended = true
      accepted.close()
      listener.close()
    }
    accepted.onReady()
  }
  return got
}

/** Sends all of `bytes` as room allows, then closes. */
function pour(socket: StreamSocket, bytes: Uint8Array): void {
  let sent = 0
  socket.onReady = () => {
    const count = socket.send(bytes, sent, bytes.length - sent)
    if (count > 0) sent += count
    if (sent < bytes.length) return
    socket.onReady = undefined
    socket.close()
  }
}

describe('a world of two hosts', () => {
  test('[RFC793 §3.4] a transfer arrives complete, and both ends come to rest', () => {
    const { world, a, b } = pair({ delay: 10 * MILLISECOND, rate: 10e6, queue: { packets: 50 } })
    const used = [a.arena.used, b.arena.used]
    const got = collect(b.sockets, 7)
    const client = a.sockets.stream()
    client.connect(B, 7)
    const sent = pattern(300_000)
    pour(client, sent)
    world.runUntil(() => got.ended, 10 * SECOND)
    expect(Buffer.from(got.bytes).equals(sent)).toBe(true)
    expect(world.now).toBeGreaterThan(240 * MILLISECOND)
    expect(world.now).toBeLessThan(2 * SECOND)
    world.runUntilIdle(2 * MINUTE)
    expect(a.stack.tcp.flows.size + b.stack.tcp.flows.size).toBe(0)
    expect([a.arena.used, b.arena.used]).toEqual(used)
  })

  test('the same world runs the same way', () => {
    const run = () => {
      const { world, a, b } = pair({ delay: 5 * MILLISECOND, impairments: { loss: 0.1, reorder: 0.1 } })
      const got = collect(b.sockets, 7)
      const client = a.sockets.stream()
      client.connect(B, 7)
      pour(client, pattern(100_000))
      world.runUntilIdle(10 * MINUTE)
      return [world.now, a.turns, b.turns, got.bytes.length, { ...world.links[0]!.forth.counters }]
    }
    expect(run()).toEqual(run())
  })

  test('a host talks to itself', () => {
    const { world, a } = pair()
    const got = collect(a.sockets, 7)
    const client = a.sockets.stream()
    client.connect(A, 7)
    pour(client, pattern(50_000))
    world.runUntil(() => got.ended, SECOND)
    expect(Buffer.from(got.bytes).equals(pattern(50_000))).toBe(true)
  })

  test('[RFC9293 §3.5] a socket connected to itself, a simultaneous open, hears what it says', () => {
    const { world, a } = pair()
    const socket = a.sockets.stream()
    socket.bind(A, 5000)
    socket.connect(A, 5000)
    world.runFor(SECOND)
    expect(socket.connection?.state).toBe('ESTABLISHED')
    expect(socket.send(pattern(100), 0, 100)).toBe(100)
    world.runFor(SECOND)
    const out = new Uint8Array(200)
    expect(socket.recv(out, 0, 200)).toBe(100)
    expect(out.subarray(0, 100)).toEqual(pattern(100))
    socket.shutdown(Shutdown.Write)
    world.runUntilIdle(2 * MINUTE)
  })

  test('super-segments pass between hosts that take them', () => {
    const { world, a, b } = pair({ delay: MILLISECOND }, { segmentationOffload: true })
    const got = collect(b.sockets, 7)
    const client = a.sockets.stream()
    client.connect(B, 7)
    pour(client, pattern(500_000))
    world.runUntil(() => got.ended, 10 * SECOND)
    expect(Buffer.from(got.bytes).equals(pattern(500_000))).toBe(true)
    expect(world.links[0]!.forth.counters.Sent).toBeLessThan(100)
  })
})

describe('the limits', () => {
  test('a predicate that does not come true is told with who waits for what', () => {
    const { world, a } = pair()
    a.sockets.stream().connect(B, 9)
    world.at(3 * SECOND, () => {})
    expect(() => world.runUntil(() => false, SECOND)).toThrow(/not within 1000000 µs(.|\n)*a: next turn/)
  })

  test('turns that follow one another without end are noticed', () => {
    const { world, a } = pair({}, {}, { maxTurns: 100 })
    const owner = { isQueued: false, run: () => a.stack.ready(owner) }
    a.stack.ready(owner)
    expect(() => world.runFor(SECOND)).toThrow(/livelock: more than 100 turns at 0 µs, the last of a/)
  })
})
