import type { Sockets } from '../socket/sockets.ts'
import type { Connection } from '../tcp/connection.ts'
import { Resting } from '../tcp/rest.ts'
import type { State } from '../tcp/state.ts'

/** One line of a socket table: a plain record, so that it can go over a control socket. */
export interface SocketRow {
  protocol: 'tcp' | 'udp'
  /** Bytes that the user has not read; of a listener: connections waiting to be accepted. */
  receiveQueue: number
  /** Bytes that the peer has not acknowledged; of a listener: its backlog. */
  sendQueue: number
  /** Addresses are int32, 0 is any. */
  local: number
  localPort: number
  remote: number
  remotePort: number
  /** RFC 9293's name; undefined for UDP that is not connected. */
  state: State | undefined
}

/** Rows of a table that are looked at in one piece. */
const PIECE = 512

/** Every socket there is: listeners, handshakes, connections, TIME-WAIT, UDP. */
export function snapshot(sockets: Sockets): SocketRow[] {
  const rows = listeners(sockets)
  for (const piece of flows(sockets)) rows.push(...piece)
  return [...rows, ...datagrams(sockets)]
}

/**
 * Every connection, those that are being opened and those in TIME-WAIT among them, in pieces that take a moment each. A piece is as things
 * are when it is asked for. Of what happens meanwhile: who comes may be there or not, and so may who goes; who passes from one table to
 * the next (SYN-RECEIVED, ESTABLISHED, TIME-WAIT) may be there twice; whoever stays is there once.
 */
export function* flows({ tcp }: Sockets): Generator<SocketRow[]> {
  yield* pieces((add, at) =>
    tcp.synCache.scan(at, PIECE, (local, remote, ports) =>
      add(bareRow(local, remote, ports, 'SYN-RECEIVED')),
    ),
  )
  yield* pieces((add, at) => tcp.table.scan(at, PIECE, (c) => add(connectionRow(c))))
  yield* pieces((add, at) =>
    tcp.timeWait.scan(at, PIECE, (local, remote, ports, _until, _shared, state) =>
      add(bareRow(local, remote, ports, state)),
    ),
  )
}

/** `read` adds the rows of one piece, and returns where the next one begins, or -1. */
function* pieces(read: (add: (row: SocketRow) => void, at: number) => number): Generator<SocketRow[]> {
  for (let at = 0; at !== -1; ) {
    const rows: SocketRow[] = []
    at = read((row) => rows.push(row), at)
    yield rows
  }
}

/** What several stacks serve one address with: servers that each of them has are one. */
export function joinSockets(parts: readonly (readonly SocketRow[])[]): SocketRow[] {
  const servers = new Map<string, SocketRow>()
  const joined: SocketRow[] = []
  for (const row of parts.flat()) {
    if (row.state !== 'LISTEN' && row.state !== undefined) {
      joined.push(row)
      continue
    }
    const name = `${row.protocol} ${row.local}:${row.localPort}`
    const known = servers.get(name)
    if (known === undefined) {
      const server = { ...row }
      servers.set(name, server)
      joined.push(server)
    } else {
      known.receiveQueue += row.receiveQueue
      known.sendQueue += row.sendQueue
    }
  }
  return joined
}

/** Whatever listens for connections. */
export function listeners({ tcp }: Sockets): SocketRow[] {
  return [...tcp.listeners].map((listener) => ({
    protocol: 'tcp',
    receiveQueue: listener.queued,
    sendQueue: listener.backlog,
    local: listener.local,
    localPort: listener.port,
    remote: 0,
    remotePort: 0,
    state: 'LISTEN',
  }))
}

/** What rests has nothing in its queues. */
function connectionRow(c: Connection | Resting): SocketRow {
  const isAtRest = c instanceof Resting
  return {
    protocol: 'tcp',
    receiveQueue: isAtRest ? 0 : c.receive.queue.length,
    sendQueue: isAtRest ? 0 : c.send.queue.length,
    local: c.local,
    localPort: c.localPort,
    remote: c.remote,
    remotePort: c.remotePort,
    state: c.state,
  }
}

function bareRow(local: number, remote: number, ports: number, state: State): SocketRow {
  const localPort = ports & 0xffff
  const remotePort = ports >>> 16
  return { protocol: 'tcp', receiveQueue: 0, sendQueue: 0, local, localPort, remote, remotePort, state }
}

/** The sockets of UDP that are bound. */
export const datagrams = ({ stack }: Sockets): SocketRow[] =>
  Array.from(stack.udp.table, (socket) => ({
    protocol: 'udp',
    receiveQueue: socket.queue.length,
    sendQueue: 0,
    local: socket.localAddress,
    localPort: socket.localPort,
    remote: socket.remoteAddress,
    remotePort: socket.remotePort,
    state: socket.isConnected ? 'ESTABLISHED' : undefined,
  }))
