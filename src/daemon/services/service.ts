import type { DatagramSocket } from '../../socket/datagram-socket.ts'
import type { SocketAddress } from '../../socket/socket.ts'
import type { StreamSocket } from '../../socket/stream-socket.ts'

/** The wall clock, for the services that tell it. */
export type WallClock = () => Date

/** One connection of a service. Made when it is accepted; called when readiness may have changed. */
export interface Conversation {
  /** Reads and writes what can be; false when the conversation is over: the socket is then closed in order. */
  proceed(): boolean
}

/**
 * What answers on a port, over TCP and where its RFC says so over UDP. None sends urgent data (SHLD-13), or touches the Diffserv field of a
 * connection in progress (SHLD-23).
 */
export interface Service {
  readonly name: string
  /** Begins a conversation on an accepted connection. */
  converse(socket: StreamSocket): Conversation
  /** Answers one datagram: `length` bytes of `buffer` from `from`. The answer is written to `buffer` itself; its length, or -1 for none. */
  answer?(buffer: Uint8Array, length: number, from: SocketAddress, socket: DatagramSocket): number
}
