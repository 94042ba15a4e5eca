import { expect, test } from 'vitest'
import { MILLISECOND } from '../../src/base/time.ts'
import { Poll } from '../../src/socket/constants.ts'
import { SocketAddress } from '../../src/socket/socket.ts'
import { A, B } from '../support/sim-world.ts'
import { connected, errorOf, hear, hosts, listenAt, PORT, say } from './connections.ts'

test('[RFC9293 §3.9.1.1] MUST-44: IP chooses the local address before the first SYN', () => {
  const { world, a, b } = hosts()
  listenAt(b)
  const sources: number[] = []
  const deliver = b.stack.deliver.bind(b.stack)
  b.stack.deliver = (packet, now) => {
    sources.push(packet.header.source)
    deliver(packet, now)
  }
  const client = a.sockets.stream()
  client.connect(B, PORT)
  const name = new SocketAddress()
  client.getsockname(name)
  expect(name.address).toBe(A)
  world.runFor(1000)
  expect(sources.length).toBeGreaterThan(1)
  expect(new Set(sources)).toEqual(new Set([A]))
})

test('[RFC9293 §3.9.1.8] MUST-47, SHLD-20: a soft error is told to who asks, and troubles nobody else', () => {
  const { world, a, client, server, settle } = connected({ delay: MILLISECOND })
  expect(say(client, 'x')).toBe(1)
  world.runFor(MILLISECOND / 2) // it is under way
  const seq = client.connection!.send.una
  const { localPort } = client
  a.sockets.tcp.icmpError(
    {
      type: 3,
      code: 1,
      mtu: 0,
      source: A,
      destination: B,
      sourcePort: localPort,
      destinationPort: PORT,
      seq,
    },
    a.sockets.now,
  )
  expect(client.poll() & Poll.Err).toBe(0)
  expect(hear(client)).toBe('EAGAIN')
  expect(say(client, 'y')).toBe(1)
  expect(errorOf(client)).toBe('EHOSTUNREACH')
  expect(errorOf(client)).toBe(0)
  settle()
  expect(hear(server)).toBe('xy')
})
