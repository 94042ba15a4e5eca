import { DatagramSocket } from '../socket/datagram-socket.ts'
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

/** Every socket there is: listeners, connections, handshakes, TIME-WAIT, UDP. */
export function snapshot(sockets: Sockets): SocketRow[] {
  return [
    ...listeners(sockets),
    ...Array.from(sockets.tcp.table.all(), connectionRow),
    ...handshakes(sockets),
    ...timeWaits(sockets),
    ...datagrams(sockets),
  ]
}

/** The sockets of several stacks that serve one address together: servers that each of them has are one. */
export function joinSockets(parts: readonly (readonly SocketRow[])[]): SocketRow[] {
  if (parts.length === 1) return [...parts[0]!]
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

function listeners({ tcp }: Sockets): SocketRow[] {
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

function handshakes({ tcp }: Sockets): SocketRow[] {
  const rows: SocketRow[] = []
  tcp.synCache.forEach((local, remote, ports) => {
    rows.push(bareRow(local, remote, ports, 'SYN-RECEIVED'))
  })
  return rows
}

function timeWaits({ tcp }: Sockets): SocketRow[] {
  const rows: SocketRow[] = []
  tcp.timeWait.forEach((local, remote, ports, _until, _shared, state) => {
    rows.push(bareRow(local, remote, ports, state))
  })
  return rows
}

function bareRow(local: number, remote: number, ports: number, state: State): SocketRow {
  const localPort = ports & 0xffff
  const remotePort = ports >>> 16
  return { protocol: 'tcp', receiveQueue: 0, sendQueue: 0, local, localPort, remote, remotePort, state }
}

function datagrams(sockets: Sockets): SocketRow[] {
  const rows: SocketRow[] = []
  for (const socket of sockets.open) {
    if (!(socket instanceof DatagramSocket) || !socket.udp.isBound) continue
    const { udp } = socket
    rows.push({
      protocol: 'udp',
      receiveQueue: udp.queue.length,
      sendQueue: 0,
      local: udp.localAddress,
      localPort: udp.localPort,
      remote: udp.remoteAddress,
      remotePort: udp.remotePort,
      state: udp.isConnected ? 'ESTABLISHED' : undefined,
    })
  }
  return rows
}
