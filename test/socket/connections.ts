import { Arena } from '../../src/base/arena.ts'
import { MILLISECOND, SECOND } from '../../src/base/time.ts'
import type { LinkOptions } from '../../src/sim/link.ts'
import type { World } from '../../src/sim/world.ts'
import { Level, SocketOption } from '../../src/socket/constants.ts'
import { errnoName } from '../../src/socket/errno.ts'
import type { Socket } from '../../src/socket/socket.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { B, pair, type SocketHost } from '../support/sim-world.ts'

export const PORT = 7

/** Names a result: `ECONNRESET` for -104, the number itself when it is not negative. */
export const named = (result: number): number | string => (result < 0 ? errnoName(-result) : result)

/** An accept() that must succeed. */
export function accepted(listening: StreamSocket): StreamSocket {
  const socket = listening.accept()
  if (typeof socket === 'number') throw new Error(`accept: ${named(socket)}`)
  return socket
}

/** SO_ERROR, by name; 0: none. */
export function errorOf(socket: Socket): string | number {
  const errno = socket.getsockopt(Level.Socket, SocketOption.Error)
  return errno === 0 ? 0 : errnoName(errno)
}

/** A socket that listens at the port. */
export function listenAt(host: SocketHost, port = PORT, backlog = 8): StreamSocket {
  const listening = host.sockets.stream()
  if (listening.bind(0, port) !== 0 || listening.listen(backlog) !== 0) throw new Error('cannot listen')
  return listening
}

export interface Connected {
  world: World
  a: SocketHost
  b: SocketHost
  listening: StreamSocket
  /** Has connected from a to b. */
  client: StreamSocket
  /** Was accepted at b. */
  server: StreamSocket
  /** Lets all that is under way happen, without time for timers. */
  settle(): void
}

/** Two hosts joined by a link, with one small arena. */
export const hosts = (link: LinkOptions = {}) => pair(link, { arena: new Arena(16 << 20) })

/** Two hosts a millisecond apart, with a connection between them; `prepare` sets up each before. */
export function connected(
  link: LinkOptions = { delay: MILLISECOND },
  prepare: (host: SocketHost) => void = () => {},
): Connected {
  const { world, a, b } = hosts(link)
  for (const host of [a, b]) prepare(host)
  const listening = listenAt(b)
  const client = a.sockets.stream()
  client.connect(B, PORT)
  const settle = () => world.runFor(10 * MILLISECOND)
  world.runUntil(() => (listening.poll() & 1) !== 0, SECOND)
  const server = accepted(listening)
  client.connect(B, PORT) // tells that it is done
  settle()
  return { world, a, b, listening, client, server, settle }
}

/** Sends text; returns what send() returned. */
export function say(socket: StreamSocket, text: string, flags = 0): number {
  const bytes = Buffer.from(text, 'latin1')
  return socket.send(bytes, 0, bytes.length, flags)
}

/** Receives up to `length` bytes as text, or the name of the error. */
export function hear(socket: StreamSocket, length = 100, flags = 0): string {
  const bytes = Buffer.alloc(length)
  const count = socket.recv(bytes, 0, length, flags)
  return count < 0 ? String(named(count)) : bytes.toString('latin1', 0, count)
}

const NAMES: readonly (readonly [string, number])[] = [
  ['IN', 0x1],
  ['PRI', 0x2],
  ['OUT', 0x4],
  ['ERR', 0x8],
  ['HUP', 0x10],
  ['NVAL', 0x20],
  ['RDHUP', 0x2000],
]

/** Bits of poll as words. The ..NORM and ..BAND bits are left out, but checked against their fellows. */
export function bits(events: number): string {
  const isPaired =
    ((events & 0x1) !== 0) === ((events & 0x40) !== 0) && ((events & 0x4) !== 0) === ((events & 0x100) !== 0)
  if (!isPaired) throw new Error(`IN without RDNORM or OUT without WRNORM: 0x${events.toString(16)}`)
  return NAMES.filter(([, bit]) => (events & bit) !== 0)
    .map(([name]) => name)
    .join(' ')
}

/** A long that setsockopt takes, or several. */
export function ints(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer)
}
