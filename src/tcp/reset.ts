import { add, type Seq } from '../wire/seq.ts'
import { Flag, type Segment, TCP_HEADER, writeTcpHeader } from '../wire/tcp.ts'
import type { Connection } from './connection.ts'
import type { SegmentSink } from './host.ts'
import { optionsLength, writeOptions } from './options.ts'
import type { Tcp } from './tcp.ts'

const noEdges = new Int32Array(0)

/** Answers a segment that belongs to no connection, or does not fit the one it names, with a reset (RFC 9293 §3.5.2, §3.10.7.1). */
export function replyReset(tcp: Tcp, seg: Segment): void {
  const hasAck = seg.has(Flag.Ack)
  const seq = hasAck ? seg.ack : (0 as Seq)
  const ack = hasAck ? (0 as Seq) : add(seg.seq, seg.length)
  const out = tcp.host.replies
  const at = out.room()
  if (at < 0) return
  const flags = hasAck ? Flag.Rst : Flag.Rst | Flag.Ack
  writeTcpHeader(out.memory, at, seg.destinationPort, seg.sourcePort, seq, ack, TCP_HEADER, flags, 0, 0)
  tcp.host.counters.OutRsts++
  tcp.host.counters.OutSegs++
  out.send(seg.destination, seg.source, 0, tcp.host.sysctl.ip_default_ttl, TCP_HEADER, 0, 0, 0, 0, 0)
}

/** Resets the peer's end of a connection that we give up (RFC 9293 §3.10.5). */
export function sendReset(c: Connection, out: SegmentSink): void {
  const at = out.room()
  if (at < 0) {
    c.tcp.host.counters.TCPAbortFailed++
    return
  }
  const headerLength = TCP_HEADER + optionsLength(c.options, 0)
  const flags = Flag.Rst | Flag.Ack
  writeTcpHeader(
    out.memory,
    at,
    c.localPort,
    c.remotePort,
    c.send.nxt,
    c.receive.nxt,
    headerLength,
    flags,
    0,
    0,
  )
  writeOptions(c.options, out.memory, at + TCP_HEADER, c.timestamp, c.receive.tsRecent, 0, noEdges)
  c.tcp.host.counters.OutRsts++
  c.tcp.host.counters.OutSegs++
  out.send(c.local, c.remote, c.settings.typeOfService, c.settings.timeToLive, headerLength, 0, 0, 0, 0, 0)
  c.tcp.host.wake()
}
