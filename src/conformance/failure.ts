import type { PacketPart } from './format-packet.ts'
import type { Place } from './script-error.ts'
import type { ScriptPacket } from './script-packet.ts'

/** What kind of expectation was not met. */
export type MismatchKind = 'packet' | 'call' | 'command'

/** The stack does not do what the script expects. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch'
  readonly kind: MismatchKind
  readonly place: Place
  readonly expected: ScriptPacket | string | undefined
  readonly actual: ScriptPacket | string | undefined
  /** The parts of the packet that differ. */
  readonly parts: readonly PacketPart[]

  constructor(
    kind: MismatchKind,
    place: Place,
    why: string,
    expected?: ScriptPacket | string,
    actual?: ScriptPacket | string,
    parts: readonly PacketPart[] = [],
  ) {
    super(why)
    this.kind = kind
    this.place = place
    this.expected = expected
    this.actual = actual
    this.parts = parts
  }
}
