import { createServer, type Server, type Socket } from 'node:net'
import { Bridge, type BridgeOptions } from '../conformance/bridge/bridge.ts'
import { messageOf } from '../daemon/errors.ts'
import { listenAt } from '../daemon/unix-socket.ts'

/** Clients at one time: a script has one, and one for each command that it runs. */
const MAX_CLIENTS = 256

/** Who may connect is its owner (and root, whom packetdrill needs to be). */
const SOCKET_MODE = 0o600

const WORDS = {
  owner: 'another bridge',
  busyHint: 'each bridge needs a socket of its own',
  hint: 'choose another path',
}

/** A unix socket behind which clients find stacks to drive. */
export class BridgeServer {
  readonly #server: Server
  readonly #bridge: Bridge
  readonly #clients = new Set<Socket>()

  private constructor(server: Server, options: BridgeOptions) {
    this.#server = server
    this.#bridge = new Bridge(options)
  }

  /** Throws DaemonError when the path cannot be had. */
  static async listen(path: string, options: BridgeOptions): Promise<BridgeServer> {
    const server = createServer()
    const bridge = new BridgeServer(server, options)
    server.maxConnections = MAX_CLIENTS
    server.on('connection', (socket) => bridge.#serve(socket))
    await listenAt(server, path, SOCKET_MODE, WORDS)
    return bridge
  }

  /** Ends all connections, and removes the socket. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  /** A client that is broken, or whose stack is, ends its own connection and no other. */
  #serve(socket: Socket): void {
    this.#clients.add(socket)
    const connection = this.#bridge.connect((bytes) => socket.write(bytes))
    socket.on('close', () => {
      this.#clients.delete(socket)
      connection.close()
    })
    socket.on('error', () => socket.destroy())
    socket.on('drain', () => socket.resume())
    socket.on('data', (chunk: Buffer) => {
      try {
        connection.receive(chunk)
        if (socket.writableNeedDrain) socket.pause() // who does not read is not listened to
      } catch (error) {
        this.#bridge.options.log(`a client's connection ends: ${describe(error)}`)
        socket.removeAllListeners('data')
        connection.close()
        socket.destroySoon()
      }
    })
  }
}

/** What a client did wrong in a line; a fault of ours with where it happened. */
const describe = (error: unknown): string =>
  error instanceof Error && error.name === 'ProtocolError' ? error.message : stackOf(error)

const stackOf = (error: unknown): string => (error instanceof Error && error.stack) || messageOf(error)
