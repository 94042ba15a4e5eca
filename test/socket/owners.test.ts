import { beforeEach, describe, expect, test } from 'vitest'
import { Arena } from '../../src/base/arena.ts'
import { SECOND } from '../../src/base/time.ts'
import type { World } from '../../src/sim/world.ts'
import { Owners } from '../../src/stack/owners.ts'
import { PortSysctls } from '../../src/stack/ports.ts'
import { A, B, pair, type SocketHost } from '../support/sim-world.ts'
import { listenAt, named, PORT } from './connections.ts'

const COUNT = 4

describe('a stack that shares its address with others', () => {
  const owners = new Owners(5, 6, COUNT, 1, new PortSysctls())
  const ownerOf = (localPort: number): number => owners.ofFlow(A, B, (PORT << 16) | localPort)
  let world: World
  let a: SocketHost

  beforeEach(() => {
    const both = pair({}, { arena: new Arena(16 << 20), owners })
    world = both.world
    a = both.a
    listenAt(both.b, PORT, 64)
  })

  test('[RFC6056 §3.3.4] opens connections from ports whose segments come to it, one after the other', () => {
    const ports = Array.from({ length: 40 }, () => {
      const socket = a.sockets.stream()
      expect(named(socket.connect(B, PORT))).toBe('EINPROGRESS')
      return socket.localPort
    })
    expect(new Set(ports).size).toBe(40)
    expect(new Set(ports.map(ownerOf))).toEqual(new Set([1]))
    // About every fourth port is ours.
    expect(ports.at(-1)! - ports[0]!).toBeLessThan(40 * COUNT * 2)
    world.runFor(SECOND)
    expect([...a.stack.tcp.connections()].map((c) => c.state)).toEqual(ports.map(() => 'ESTABLISHED'))
  })

  test('does not open one from a port whose segments another stack would get', () => {
    const bound = (port: number): number => {
      const socket = a.sockets.stream()
      socket.bind(0, port)
      return socket.connect(B, PORT)
    }
    for (let port = 2000; port < 2020; port++) {
      expect(named(bound(port))).toBe(ownerOf(port) === 1 ? 'EINPROGRESS' : 'EADDRNOTAVAIL')
    }
  })

  test('connects to itself from any port: that never leaves it', () => {
    listenAt(a, PORT)
    for (let port = 2000; port < 2010; port++) {
      const socket = a.sockets.stream()
      socket.bind(0, port)
      expect(named(socket.connect(A, PORT))).toBe('EINPROGRESS')
    }
  })

  test('takes ephemeral ports of UDP that are its own', () => {
    const ports = Array.from({ length: 40 }, () => {
      const socket = a.sockets.datagram()
      expect(socket.bind(0, 0)).toBe(0)
      return socket.udp.localPort
    })
    expect(new Set(ports.map((port) => owners.ofPort(port)))).toEqual(new Set([1]))
  })
})
