import { MINUTE, SECOND } from '../base/time.ts'
import { i32, u8 } from '../wire/bytes.ts'
import type { PacketAction } from './ast.ts'
import { buildIcmp, buildTcp } from './build-packet.ts'
import { type ActualSegment, checkIcmp, checkSegment, type Difference } from './check-packet.ts'
import { Mismatch } from './failure.ts'
import type { PacketPart } from './format-packet.ts'
import type { Machine } from './machine.ts'
import type { PacketLog } from './packet-log.ts'
import { type SeenPacket, type SeenSegment, seePacket, toScriptPacket } from './read-packet.ts'
import type { Place } from './script-error.ts'
import { type IcmpPacket, type ScriptPacket, TcpFlag, type TcpPacket } from './script-packet.ts'
import { formatSeconds, type TimeWindow } from './script-time.ts'
import { Session } from './session.ts'
import type { Settings } from './settings.ts'
import type { UnderTest } from './under-test.ts'

/** How long after its time an expected packet is waited for, and how long one without a time. */
const PATIENCE = 2 * SECOND
const LONG_PATIENCE = 60 * MINUTE

/** A packet of the stack taken from the queue. */
interface Taken {
  /** On the script's clock. */
  readonly time: number
  readonly seen: SeenPacket
}

/** Plays the script's side of the wire: sends its packets, and holds what the stack sends against what it expects. */
export class PacketEvents {
  readonly #machine: Machine
  readonly #underTest: UnderTest
  readonly #settings: Settings
  readonly #log: PacketLog

  constructor(machine: Machine, underTest: UnderTest, settings: Settings, log: PacketLog) {
    this.#machine = machine
    this.#underTest = underTest
    this.#settings = settings
    this.#log = log
    machine.device.onSent = ({ time, bytes }) => log.add(time - machine.start, bytes, underTest.current)
  }

  /** The packet arrives at the stack now. Throws ScriptError for one that cannot be built. */
  send({ packet, place }: PacketAction): void {
    const session = this.#underTest.receiving(packet)
    const flow = session.flow ?? this.#underTest.strangersFlow()
    if (packet.protocol === 'tcp') session.sends(packet)
    const bytes =
      packet.protocol === 'tcp'
        ? buildTcp(packet, session, flow, this.#settings, place)
        : buildIcmp(packet, session, flow, place)
    this.#log.add(this.#machine.elapsed, packet, session)
    const { mss } = this.#settings
    const isSuper = mss > 0 && packet.protocol === 'tcp' && packet.sequence.length > mss
    this.#machine.inject(bytes, isSuper ? mss : 0)
  }

  /**
   * Waits for the packet, which must be sent within the window (on the script's clock). Throws Mismatch when it is not, and when what
   * comes in its place is not it.
   */
  expect({ packet, place }: PacketAction, window: TimeWindow): void {
    const patience = window.latest === Number.POSITIVE_INFINITY ? LONG_PATIENCE : PATIENCE
    const latest = window.latest === Number.POSITIVE_INFINITY ? this.#machine.elapsed : window.latest
    const limit = this.#machine.start + latest + patience
    if (packet.protocol === 'tcp') this.#expectTcp(packet, place, window, limit)
    else this.#expectIcmp(packet, place, window, limit)
  }

  /** What was sent before `time` (on the script's clock) and nobody has looked at, in bytes. */
  unexpected(time: number): Uint8Array | undefined {
    const first = this.#machine.device.sent[0]
    return first !== undefined && first.time - this.#machine.start < time ? first.bytes : undefined
  }

  #expectTcp(expected: TcpPacket, place: Place, window: TimeWindow, limit: number): void {
    const session = this.#underTest.current ?? new Session()
    const isMine = (seen: SeenPacket): boolean => seen.tcp !== undefined && this.#underTest.owns(seen)
    const first = this.#take(isMine, limit)
    if (first === undefined) this.#missing(expected, place)
    learn(expected, first.seen, session, !this.#settings.strict)
    const pieces = this.#pieces(expected, first, isMine, limit, place, session)
    const actual = assemble(pieces, session)
    const { timestampTick, tolerance } = this.#settings
    const differences = checkSegment(expected, actual, session, { timestampTick, tolerance: tolerance.usecs })
    this.#conclude(expected, actual.packet, place, differences, first.time, window)
  }

  /** The segments that together may be the expected one: as many as its payload takes. */
  #pieces(
    expected: TcpPacket,
    first: Taken,
    isMine: (seen: SeenPacket) => boolean,
    limit: number,
    place: Place,
    session: Session,
  ): SeenPacket[] {
    const pieces = [first.seen]
    let length = first.seen.tcp!.length
    while (length > 0 && length < expected.sequence.length && !this.#settings.strictSegments) {
      const next = this.#take(isMine, limit)
      if (next === undefined) break
      const why = whyApart(pieces, next.seen)
      if (why !== undefined) {
        const found = `payload: expected ${expected.sequence.length} bytes, found ${length}`
        const shown = toScriptPacket(next.seen, next.seen.tcp!, session)
        throw new Mismatch('packet', place, `${found}, and the next segment ${why}`, expected, shown)
      }
      pieces.push(next.seen)
      length += next.seen.tcp!.length
    }
    return pieces
  }

  #expectIcmp(expected: IcmpPacket, place: Place, window: TimeWindow, limit: number): void {
    const taken = this.#take((seen) => seen.tcp === undefined, limit)
    if (taken === undefined) this.#missing(expected, place)
    const { actual, differences } = checkIcmp(expected, taken.seen)
    this.#conclude(expected, actual, place, differences, taken.time, window)
  }

  #conclude(
    expected: ScriptPacket,
    actual: ScriptPacket | undefined,
    place: Place,
    differences: readonly Difference[],
    time: number,
    { earliest, latest }: TimeWindow,
  ): void {
    const first = differences[0]
    if (first !== undefined) {
      const parts = differences.flatMap(({ part }): PacketPart[] => (part === undefined ? [] : [part]))
      throw new Mismatch('packet', place, first.why, expected, actual, parts)
    }
    if (time >= earliest && time <= latest) return
    const range = `${formatSeconds(earliest)} to ${formatSeconds(latest)} s`
    throw new Mismatch(
      'packet',
      place,
      `time: expected ${range}, sent at ${formatSeconds(time)} s`,
      expected,
      actual,
    )
  }

  #missing(expected: ScriptPacket, place: Place): never {
    const until = formatSeconds(this.#machine.elapsed)
    throw new Mismatch('packet', place, `no packet was sent up to ${until} s`, expected)
  }

  /** The next packet that is `wanted`; those before it are passed over. */
  #take(wanted: (seen: SeenPacket) => boolean, limit: number): Taken | undefined {
    const { sent } = this.#machine.device
    let found: Taken | undefined
    this.#machine.run(limit, () => {
      while (sent.length > 0) {
        const { time, bytes } = sent.shift()!
        const seen = seePacket(bytes)
        if (!wanted(seen)) continue
        found = { time: time - this.#machine.start, seen }
        return true
      }
      return false
    })
    return found
  }
}

/** Names the numbers that the packet is the first to show. */
function learn(expected: TcpPacket, seen: SeenPacket, session: Session, again: boolean): void {
  const segment = seen.tcp!
  session.saw(expected, seen.flags, segment.seq, again)
  const option = expected.options?.find(({ kind }) => kind === 'timestamps')
  if (option?.kind !== 'timestamps' || option.val === undefined) return
  const val = timestampOf(seen.bytes, segment)
  if (val !== undefined) session.timestamps.learn(option.val, val)
}

/** TSval of a segment, int32. */
function timestampOf(bytes: Uint8Array, { options, payload }: SeenSegment): number | undefined {
  for (let at = options; at < payload; ) {
    const kind = u8(bytes, at)
    if (kind === 0) return undefined
    if (kind === 8 && at + 10 <= payload) return i32(bytes, at + 2)
    at += kind === 1 ? 1 : Math.max(2, u8(bytes, at + 1))
  }
  return undefined
}

/** Why `next` cannot be a piece of the packet that `pieces` begin; undefined when it can. */
function whyApart(pieces: readonly SeenPacket[], next: SeenPacket): string | undefined {
  const before = pieces.at(-1)!
  const a = before.tcp!
  const b = next.tcp!
  const loose = TcpFlag.Fin | TcpFlag.Psh | TcpFlag.Cwr
  if (((before.flags ^ next.flags) & ~loose) !== 0) return 'has other flags'
  if (((a.seq + a.length) | 0) !== b.seq) return 'does not follow'
  if (a.ack !== b.ack) return 'acknowledges something else'
  if (a.window !== b.window) return 'has another window'
  if (before.tos !== next.tos) return 'has another TOS'
  if (a.payload - a.options !== b.payload - b.options) return 'has options of another length'
  if (a.length !== pieces[0]!.tcp!.length) return 'comes after one of another length'
  return undefined
}

/** The pieces as one packet: headers of the first, FIN, PSH and options of the last. */
function assemble(seen: readonly SeenPacket[], session: Session): ActualSegment {
  const pieces = seen.map((packet) => ({ seen: packet, segment: packet.tcp! }))
  const first = pieces[0]!
  const packet = toScriptPacket(first.seen, first.segment, session)
  if (pieces.length === 1) return { packet, pieces }
  const last = pieces.at(-1)!
  const atTheEnd = TcpFlag.Fin | TcpFlag.Psh
  const length = pieces.reduce((sum, { segment }) => sum + segment.length, 0)
  return {
    packet: {
      ...packet,
      flags: (first.seen.flags & ~atTheEnd) | (last.seen.flags & atTheEnd),
      sequence: { ...packet.sequence, length },
      options: toScriptPacket(last.seen, last.segment, session).options,
    },
    pieces,
  }
}
