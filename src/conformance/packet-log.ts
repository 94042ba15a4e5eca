import type { Duration, Instant } from '../base/time.ts'
import { formatAddress } from '../wire/address.ts'
import { formatPacket } from './format-packet.ts'
import { seePacket, toIcmpPacket, toScriptPacket } from './read-packet.ts'
import type { ScriptPacket } from './script-packet.ts'
import { formatSeconds } from './script-time.ts'
import type { Session } from './session.ts'

/** Packets that a report shows. */
const KEPT = 10

interface Entry {
  readonly time: Duration
  /** As the script wrote it, or as it was sent. */
  readonly packet: ScriptPacket | Uint8Array
  readonly session: Session | undefined
}

/** The last packets in both directions. */
export class PacketLog {
  readonly #entries: Entry[] = []

  add(time: Instant, packet: ScriptPacket | Uint8Array, session: Session | undefined): void {
    if (this.#entries.push({ time, packet, session }) > KEPT) this.#entries.shift()
  }

  /** A line for each, oldest first, in the numbers of its connection. */
  lines(): string[] {
    return this.#entries.map(({ time, packet, session }) => `${formatSeconds(time)} ${show(packet, session)}`)
  }
}

function show(packet: ScriptPacket | Uint8Array, session: Session | undefined): string {
  if (!(packet instanceof Uint8Array)) return formatPacket(packet)
  return showBytes(packet, session)
}

/** A packet of the stack in script notation, as far as it has one. */
export function showBytes(bytes: Uint8Array, session: Session | undefined): string {
  const seen = seePacket(bytes)
  const icmp = toIcmpPacket(seen)
  if (icmp !== undefined) return formatPacket(icmp)
  if (seen.tcp === undefined) return `> a packet of protocol ${seen.protocol}, ${bytes.length} bytes`
  if (session?.owns(seen) === true) return formatPacket(toScriptPacket(seen, seen.tcp, session))
  const { source, sourcePort, destination, destinationPort } = seen
  return (
    `> of another connection, ${formatAddress(source)}:${sourcePort} to ` +
    `${formatAddress(destination)}:${destinationPort}, seq ${seen.tcp.seq >>> 0} ack ${seen.tcp.ack >>> 0}`
  )
}
