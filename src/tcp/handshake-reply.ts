import type { Seq } from '../wire/seq.ts'
import { Flag, TCP_HEADER, writeTcpHeader } from '../wire/tcp.ts'
import type { FastOpenCookie } from './fast-open-cookie.ts'
import { type Negotiated, optionsLength, synOptionsLength, writeOptions, writeSynOptions } from './options.ts'
import { announcedMss } from './segments.ts'
import type { Settings } from './settings.ts'
import type { Tcp } from './tcp.ts'

const noEdges = new Int32Array(0)

/** Window offered in a SYN-ACK at most: what the field holds without scaling. */
const SYN_WINDOW = 0xffff

/** RCV.WND before there is a connection: that of the connection to be (its `synWindow`), so that what is acceptable now is acceptable then. */
export const handshakeWindow = (settings: Settings): number =>
  Math.min(settings.receiveLimit, settings.windowLimit, SYN_WINDOW)

/**
 * Sends a SYN-ACK, or without Flag.Syn an ACK, of a handshake that has no connection yet. `ports`: the peer's << 16 | ours; `clock`: the
 * timestamp clock, without the pair's offset.
 */
export function sendHandshake(
  tcp: Tcp,
  settings: Settings,
  local: number,
  remote: number,
  ports: number,
  seq: Seq,
  ack: Seq,
  flags: number,
  options: Negotiated,
  clock: number,
  tsEcr: number,
  fastOpen?: FastOpenCookie,
): void {
  const out = tcp.host.replies
  const at = out.room()
  if (at < 0) return
  const isSyn = (flags & Flag.Syn) !== 0
  const headerLength =
    TCP_HEADER + (isSyn ? synOptionsLength(options, tcp.host.profile) : optionsLength(options, 0))
  const cookieLength = fastOpen === undefined ? 0 : fastOpen.optionLength
  const window = handshakeWindow(settings)
  writeTcpHeader(
    out.memory,
    at,
    ports & 0xffff,
    ports >>> 16,
    seq,
    ack,
    headerLength + cookieLength,
    isSyn && options.ecn ? flags | Flag.Ece : flags,
    isSyn ? window : window >> options.receiveShift,
    0,
  )
  const tsVal = (clock + tcp.source.timestampOffset(local, remote)) | 0
  if (isSyn) {
    const mss = announcedMss(tcp.host, settings)
    const end = writeSynOptions(options, tcp.host.profile, out.memory, at + TCP_HEADER, mss, tsVal, tsEcr)
    fastOpen?.write(out.memory, end)
  } else writeOptions(options, out.memory, at + TCP_HEADER, tsVal, tsEcr, 0, noEdges)
  tcp.host.counters.OutSegs++
  out.send(
    local,
    remote,
    settings.typeOfService,
    settings.timeToLive,
    headerLength + cookieLength,
    0,
    0,
    0,
    0,
    0,
  )
}
