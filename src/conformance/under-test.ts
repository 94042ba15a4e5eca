import type { StreamSocket } from '../socket/stream-socket.ts'
import type { ScriptPacket } from './script-packet.ts'
import { type Addressed, type Flow, Session } from './session.ts'
import type { Settings } from './settings.ts'

/** The first port that the script's side opens connections from. */
export const FIRST_REMOTE_PORT = 50_001

/**
 * Which connection is under test: always the newest. A socket() makes one, and so does the script's first packet while that socket listens
 * or there is none.
 */
export class UnderTest {
  current: Session | undefined
  readonly #settings: Settings
  readonly #sessions: Session[] = []
  #remotePort = FIRST_REMOTE_PORT

  constructor(settings: Settings) {
    this.#settings = settings
  }

  get sessions(): readonly Session[] {
    return this.#sessions
  }

  /** socket() was called. */
  opened(socket: StreamSocket): void {
    this.#begin().socket = socket
  }

  listens(socket: StreamSocket): void {
    const session = this.#of(socket)
    if (session === undefined) return
    session.state = 'listening'
    this.current = session
  }

  /** connect() was called with this destination. */
  connects(socket: StreamSocket, remote: number, remotePort: number): void {
    let session = this.#of(socket)
    if (session === undefined) return
    if (session.state !== 'open') {
      session = this.#begin()
      session.socket = socket
    }
    session.state = 'connecting'
    session.flow = { local: this.#settings.localAddress, localPort: socket.localPort, remote, remotePort }
    this.current = session
  }

  /** accept() gave this socket. */
  accepted(socket: StreamSocket): void {
    const port = socket.connection?.remotePort
    const session = this.#sessions.findLast(({ flow }) => flow?.remotePort === port)
    if (session !== undefined) session.socket = socket
  }

  /** The session that a packet of the script belongs to. */
  receiving(packet: ScriptPacket): Session {
    const { current } = this
    if (current !== undefined && (packet.protocol === 'icmp' || current.flow !== undefined)) return current
    if (current !== undefined && current.state !== 'listening') {
      current.flow ??= this.strangersFlow()
      return current
    }
    const child = this.#begin()
    child.state = 'child'
    child.flow = this.strangersFlow()
    return child
  }

  /** Does the packet, sent by the stack, belong to the connection under test? With none, every segment does. */
  owns(packet: Addressed): boolean {
    const { current } = this
    return current?.flow === undefined ? true : current.owns(packet)
  }

  /** Addresses and ports of a connection that the script opens. */
  strangersFlow(): Flow {
    const { localAddress, localPort, remoteAddress } = this.#settings
    return { local: localAddress, localPort, remote: remoteAddress, remotePort: this.#remotePort++ }
  }

  #begin(): Session {
    const session = new Session()
    this.#sessions.push(session)
    this.current = session
    return session
  }

  #of(socket: StreamSocket): Session | undefined {
    return this.#sessions.findLast((session) => session.socket === socket)
  }
}
