import type { StreamSocket } from '../socket/stream-socket.ts'
import type { Seq } from '../wire/seq.ts'
import type { TcpPacket } from './script-packet.ts'
import { TcpFlag } from './script-packet.ts'
import { SequenceSpace } from './sequence-space.ts'
import { TimestampMap } from './timestamp-map.ts'
import { WrittenBytes } from './written-bytes.ts'

/** The four-tuple of a connection: our end and the script's. */
export interface Flow {
  readonly local: number
  /** 0: the port of the first SYN. */
  localPort: number
  readonly remote: number
  readonly remotePort: number
}

export type SessionState =
  /** socket() has been called. */
  | 'open'
  | 'listening'
  /** connect() has been called. */
  | 'connecting'
  /** A packet of the script made it. */
  | 'child'

/** The connection under test, as the script sees it: its addresses, and how its numbers are counted. */
export class Session {
  state: SessionState = 'open'
  flow: Flow | undefined
  socket: StreamSocket | undefined
  readonly space = new SequenceSpace()
  readonly timestamps = new TimestampMap()
  readonly written = new WrittenBytes()

  /** True for a packet of ours with these addresses and ports. A SYN settles a local port that connect() left open. */
  owns(packet: Addressed): boolean {
    const { flow } = this
    if (
      flow === undefined ||
      packet.destination !== flow.remote ||
      packet.destinationPort !== flow.remotePort
    )
      return false
    if (flow.localPort === 0 && (packet.flags & TcpFlag.Syn) !== 0) flow.localPort = packet.sourcePort
    return packet.source === flow.local && packet.sourcePort === flow.localPort
  }

  /** A packet of the script's is about to be sent. */
  sends(packet: TcpPacket): void {
    if ((packet.flags & TcpFlag.Syn) !== 0) this.space.learnRemote(packet.sequence.first)
    if ((packet.flags & (TcpFlag.Syn | TcpFlag.Rst | TcpFlag.Ack)) === TcpFlag.Ack) this.space.settle()
  }

  /** Our SYN was seen where the script expects this packet; `again`: it may be another than the one before. */
  saw(expected: TcpPacket, flags: number, seq: Seq, again: boolean): void {
    if ((expected.flags & flags & TcpFlag.Syn) === 0) return
    this.space.learnLocal(seq, expected.sequence.first, again)
  }
}

export interface Addressed {
  readonly source: number
  readonly destination: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly flags: number
}
