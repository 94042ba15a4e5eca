import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import { World } from '../../src/sim/world.ts'
import { Errno } from '../../src/socket/errno.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'
import { Flag } from '../../src/wire/tcp.ts'
import { rowsOf } from '../support/packet-rows.ts'
import { ip, tcpPacket } from '../support/packets.ts'
import { addHost, type SocketHost } from '../support/sim-world.ts'
import { noise, Party } from './parties.ts'

const SERVER = ip('10.9.0.2')
const PORT = 7
const HOSTS = 10
const CLIENTS = 100
const SPOOFED = 10_000
const FLOOD = 2 * SECOND
const LENGTH = 500

/** SYNs from everywhere, evenly over FLOOD; nobody there answers. */
function flood(world: World, server: SocketHost): void {
  const random = new SeededRandom(9)
  const perTick = (SPOOFED / FLOOD) * MILLISECOND
  for (let tick = 0; tick < FLOOD / MILLISECOND; tick++) {
    world.at(world.now + tick * MILLISECOND, () => {
      const packets = Array.from({ length: perTick }, () => spoofedSyn(random))
      const table = rowsOf(packets)
      server.stack.wake()
      for (let row = 0; row < table.count; row++) server.stack.receive(table, row, world.now)
    })
  }
}

const spoofedSyn = (random: SeededRandom): Uint8Array =>
  tcpPacket(new Uint8Array(0), {
    source: ip('10.9.16.0') + random.below(1 << 12),
    destination: SERVER,
    sourcePort: 1024 + random.below(60_000),
    destinationPort: PORT,
    seq: random.word(),
    flags: Flag.Syn,
  })

interface Outcome {
  world: World
  server: SocketHost
  parties: Party[]
  /** The most that the SYN cache and the table of flows held. */
  handshakes: number
  flows: number
  memory: number
}

/** A hundred clients connect, and hear their own bytes back, while the flood lasts. */
function run(cookies: number): Outcome {
  const world = new World({ seed: 3 })
  const sysctls = new Sysctls()
  sysctls.tcp.tcp_syncookies = cookies
  const server = addHost(world, { address: SERVER, arena: new Arena(32 << 20), sysctls })
  const hosts = Array.from({ length: HOSTS }, (_, i) =>
    addHost(world, { address: ip(`10.9.0.${10 + i}`), arena: new Arena(8 << 20) }),
  )
  for (const host of hosts) world.connect(host, server, { delay: 10 * MILLISECOND })
  const listener = server.sockets.stream()
  listener.bind(0, PORT)
  listener.listen(128)
  listener.onReady = () => {
    for (let socket = listener.accept(); typeof socket !== 'number'; socket = listener.accept()) echo(socket)
  }
  const outcome: Outcome = { world, server, parties: [], handshakes: 0, flows: 0, memory: 0 }
  flood(world, server)
  for (let i = 0; i < CLIENTS; i++) {
    world.at(world.now + (i * FLOOD) / CLIENTS, () => {
      const { tcp } = server.stack
      outcome.handshakes = Math.max(outcome.handshakes, tcp.synCache.size)
      outcome.flows = Math.max(outcome.flows, tcp.flows.size)
      outcome.memory = Math.max(outcome.memory, server.arena.used)
      const socket = hosts[i % HOSTS]!.sockets.stream()
      socket.connect(SERVER, PORT)
      const manner = { length: LENGTH, chunk: 100, ending: 'half-close' as const, readsFrom: 0, leavesAt: 0 }
      outcome.parties.push(new Party(socket, manner, i, LENGTH, () => world.now))
    })
  }
  world.run(world.now + FLOOD + 500 * MILLISECOND)
  return outcome
}

/** Sends back what it reads, all of it before it looks for the end. */
function echo(socket: StreamSocket): void {
  const buffer = new Uint8Array(LENGTH)
  socket.onReady = () => {
    for (;;) {
      const count = socket.recv(buffer, 0, buffer.length)
      if (count === -Errno.EAGAIN) return
      if (count <= 0) return void socket.close()
      socket.send(buffer, 0, count)
    }
  }
  socket.onReady()
}

const succeeded = ({ parties }: Outcome): number =>
  parties.filter(
    (party, i) => party.sawEnd && party.error === 0 && Buffer.from(party.received).equals(noise(LENGTH, i)),
  ).length

describe('a SYN flood', () => {
  test('[RFC4987 §3.6] with cookies every one of 100 clients is served at once, in bounded memory', () => {
    const outcome = run(1)
    const { server, world } = outcome
    expect(succeeded(outcome)).toBe(CLIENTS)
    const counters = server.stack.counters.tcp
    expect(counters.SyncookiesSent).toBeGreaterThan(SPOOFED * 0.9)
    expect(counters.SyncookiesRecv).toBeGreaterThan(CLIENTS / 2)
    expect(counters.SyncookiesFailed).toBe(0)
    expect(outcome.handshakes).toBeLessThanOrEqual(129)
    expect(outcome.flows).toBeLessThanOrEqual(129 + CLIENTS)
    expect(outcome.memory).toBeLessThan(4 << 20)
    for (const { stack } of world.hosts.slice(1)) expect(stack.counters.tcp.TCPSynRetrans).toBe(0)
    world.run(world.now + 3 * MINUTE)
    expect(server.stack.tcp.synCache.size).toBe(0)
    expect(server.stack.tcp.flows.size).toBe(0)
  })

  test('[RFC4987 §2] without them hardly anybody is', () => {
    const outcome = run(0)
    expect(succeeded(outcome)).toBeLessThan(CLIENTS / 4)
    expect(outcome.handshakes).toBeLessThanOrEqual(129)
  })
})
