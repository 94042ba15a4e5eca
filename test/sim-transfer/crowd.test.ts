import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import type { LinkOptions } from '../../src/sim/link.ts'
import { World } from '../../src/sim/world.ts'
import { Level, SocketOption, TcpOption } from '../../src/socket/constants.ts'
import { Errno } from '../../src/socket/errno.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'
import { ip } from '../support/packets.ts'
import { addHost, type SocketHost } from '../support/sim-world.ts'
import { noise, Party } from './parties.ts'

const SERVER = ip('10.9.0.2')
const PORT = 7

/** Answers every connection with what it hears, for as long as anybody comes. */
function echo(host: SocketHost, backlog: number): { accepted: number; close: () => void } {
  const told = { accepted: 0, close: () => void listener.close() }
  const listener = host.sockets.stream()
  listener.bind(0, PORT)
  listener.listen(backlog)
  const buffer = new Uint8Array(8192)
  listener.onReady = () => {
    for (let socket = listener.accept(); typeof socket !== 'number'; socket = listener.accept()) {
      told.accepted++
      const one = socket
      let kept = 0
      let sent = 0
      const held = new Uint8Array(65_536)
      one.onReady = () => {
        for (;;) {
          while (sent < kept) {
            const count = one.send(held, sent, kept - sent)
            if (count === -Errno.EAGAIN) return
            if (count < 0) return void one.close()
            sent += count
          }
          kept = 0
          sent = 0
          const count = one.recv(buffer, 0, buffer.length)
          if (count === -Errno.EAGAIN) return
          if (count <= 0) return void one.close()
          held.set(buffer.subarray(0, count))
          kept = count
        }
      }
      one.onReady()
    }
  }
  return told
}

function usedMemory(hosts: readonly SocketHost[]): number[] {
  return hosts.map((host) => host.arena.used)
}

describe('a crowd', () => {
  const crowd = fc.record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    hosts: fc.integer({ min: 1, max: 4 }),
    connections: fc.integer({ min: 1, max: 12 }),
    length: fc.integer({ min: 0, max: 8000 }),
    // A shorter one turns away so many, always the same, that some never get in.
    backlog: fc.integer({ min: 8, max: 40 }),
    loss: fc.integer({ min: 0, max: 15 }),
  })

  test('[RFC9293 §3.4] every one of many connections gets its own bytes back', () => {
    fc.assert(
      fc.property(crowd, ({ seed, hosts, connections, length, backlog, loss }) => {
        const world = new World({ seed })
        // A handshake by cookie may be refused for longer than the cookie lasts; without them a client asks again until there is room.
        const sysctls = new Sysctls()
        sysctls.tcp.tcp_syncookies = 0
        const server = addHost(world, { address: SERVER, arena: new Arena(32 << 20), sysctls })
        const clients = Array.from({ length: hosts }, (_, i) =>
          addHost(world, { address: ip(`10.9.0.${10 + i}`), arena: new Arena(16 << 20) }),
        )
        clients.forEach((client, i) => {
          world.connect(client, server, {
            delay: (i + 1) * 7 * MILLISECOND,
            impairments: { loss: loss / 100 },
          })
        })
        const all = [server, ...clients]
        const before = usedMemory(all)
        const told = echo(server, backlog)
        const parties = clients.flatMap((client, i) =>
          Array.from({ length: connections }, (_, j) => {
            const socket = client.sockets.stream()
            socket.setsockopt(Level.Tcp, TcpOption.SynCount, 20)
            socket.connect(SERVER, PORT)
            const manner = { length, chunk: 1000, ending: 'half-close' as const, readsFrom: 0, leavesAt: 0 }
            return new Party(socket, manner, seed + i * 1000 + j, length, () => world.now)
          }),
        )
        world.runUntilIdle(240 * MINUTE)
        told.close()
        world.runUntilIdle(MINUTE)
        for (const party of parties) {
          expect(party).toMatchObject({ error: 0, sawEnd: true, receivedLength: length })
          expect(Buffer.from(party.received).equals(party.toSend)).toBe(true)
        }
        expect(usedMemory(all)).toEqual(before)
        for (const host of all) {
          expect([host.stack.tcp.flows.size, host.sockets.open.size, host.device.unsent]).toEqual([0, 0, 0])
        }
      }),
      { numRuns: 15 },
    )
  })
})

describe('bulk', () => {
  /** Sends `length` bytes one way between hosts with large buffers; the virtual time that took. */
  function transfer(length: number, link: LinkOptions, segmentationOffload: boolean): number {
    const world = new World()
    const sysctls = new Sysctls()
    sysctls.tcp.tcp_rmem = [4096, 4 << 20, 4 << 20]
    sysctls.tcp.tcp_wmem = [4096, 4 << 20, 4 << 20]
    const a = addHost(world, { address: ip('10.9.0.1'), segmentationOffload, sysctls })
    const b = addHost(world, { address: SERVER, segmentationOffload, sysctls })
    world.connect(a, b, link)
    const listener = b.sockets.stream()
    listener.setsockopt(Level.Socket, SocketOption.ReuseAddress, 1)
    listener.bind(0, PORT)
    listener.listen(1)
    const rest = { chunk: 1 << 18, readsFrom: 0, leavesAt: 0 }
    let serving: Party | undefined
    listener.onReady = () => {
      const socket = listener.accept()
      if (typeof socket === 'number') return
      serving = new Party(socket, { ...rest, length: 0, ending: 'wait' }, 2, length, () => world.now)
      serving.work()
      listener.close()
    }
    const socket = a.sockets.stream()
    socket.connect(SERVER, PORT)
    const asking = new Party(socket, { ...rest, length, ending: 'half-close' }, 1, 0, () => world.now)
    world.runUntil(() => serving?.sawEnd === true, 10 * MINUTE)
    expect(serving?.error).toBe(0)
    expect(Buffer.from(serving!.received).equals(noise(length, 1))).toBe(true)
    expect(asking.error).toBe(0)
    expect(a.stack.counters.tcp.RetransSegs).toBe(0)
    return world.now
  }

  test.each([false, true])('[RFC7323 §2] a long fat path is filled (super-segments: %s)', (offload) => {
    // 100 Mbit/s with 40 ms there and back hold 500 kB: far more than 64 KB a round trip.
    const link = { delay: 20 * MILLISECOND, rate: 100e6, queue: { bytes: 4 << 20 } }
    const time = transfer(16e6, link, offload)
    expect(time).toBeLessThan(2.2 * SECOND)
  })
})
