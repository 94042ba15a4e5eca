import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { sendFragments } from '../../src/ip/fragment.ts'
import { Drop } from '../../src/wire/drop.ts'
import { DONT_FRAGMENT, Ipv4Header, readIpv4 } from '../../src/wire/ipv4.ts'
import { ipPacket, pattern } from '../support/packets.ts'
import { RecordingSink } from '../support/recording-sink.ts'

/** Sends a packet whose payload lies partly behind its header and in two ranges. */
function send(mtu: number, inHead: number, firstLength: number, secondLength: number, bits = 0) {
  const arena = new Arena(1 << 20)
  const sink = new RecordingSink(arena, mtu)
  const packet = ipPacket(pattern(inHead + firstLength + secondLength), {
    fragmentBits: bits,
    tos: 0x10,
    ttl: 9,
  })
  const head = arena.take(128)
  const first = arena.take(65536)
  const second = arena.take(65536)
  arena.bytes.set(packet.subarray(0, 20 + inHead), head)
  arena.bytes.set(packet.subarray(20 + inHead, 20 + inHead + firstLength), first)
  arena.bytes.set(packet.subarray(20 + inHead + firstLength), second)
  const count = sendFragments(sink, head, 20 + inHead, first, firstLength, second, secondLength)
  return { count, sent: sink.take(), packet }
}

test('[RFC791 §3.2] every fragment fits, says its place, and together they are the payload', () => {
  const property = fc.property(
    fc.integer({ min: 68, max: 1500 }),
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 0, max: 5000 }),
    fc.integer({ min: 0, max: 5000 }),
    (mtu, inHead, firstLength, secondLength) => {
      const { count, sent, packet } = send(mtu, inHead, firstLength, secondLength)
      expect(sent).toHaveLength(count)
      const header = new Ipv4Header()
      let at = 0
      for (const [i, { bytes }] of sent.entries()) {
        expect(readIpv4(header, bytes, 0, bytes.length)).toBe(Drop.None)
        expect(bytes.length).toBeLessThanOrEqual(mtu)
        expect(header.fragmentOffset).toBe(at)
        expect(header.moreFragments).toBe(i < sent.length - 1)
        expect(header).toMatchObject({ id: 7, tos: 0x10, ttl: 9, protocol: 253 })
        expect(bytes.subarray(20)).toEqual(packet.subarray(20 + at, 20 + at + bytes.length - 20))
        at += bytes.length - 20
      }
      expect(at).toBe(inHead + firstLength + secondLength)
    },
  )
  fc.assert(property, { numRuns: 200, seed: 1 })
})

test('[RFC791 §3.1] DF forbids it', () => {
  expect(send(1500, 8, 3000, 0, DONT_FRAGMENT)).toMatchObject({ count: 0, sent: [] })
})

test('a sink that fills up is told apart', () => {
  const arena = new Arena(1 << 20)
  const sink = new RecordingSink(arena)
  sink.capacity = 1
  const head = arena.take(128)
  arena.bytes.set(ipPacket(new Uint8Array(0)), head)
  expect(sendFragments(sink, head, 20, head, 3000, 0, 0)).toBe(-1)
})
