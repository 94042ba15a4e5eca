import type { CommandAction, PacketAction, Script, ScriptEvent } from '../../src/conformance/ast.ts'
import {
  type ScriptPacket,
  TcpFlag,
  type TcpOption,
  type TcpPacket,
} from '../../src/conformance/script-packet.ts'
import { DEFAULT_TOLERANCE, slackOf } from '../../src/conformance/script-time.ts'

/** A script in which one expectation is wrong, so that it must fail. */
export interface Alteration {
  readonly what: string
  /** The first line on which the script can fail. */
  readonly line: number
  readonly script: Script
}

const MILLISECOND = 1000

/** Every way to make one outbound expectation of the script wrong: a flag, numbers, window, options, time, and leaving it out. */
export function* alterations(script: Script): Generator<Alteration> {
  let hasSyn = false
  for (const [index, event] of script.events.entries()) {
    const { action } = event
    if (action.kind === 'call' && action.name === 'socket') hasSyn = false
    if (action.kind !== 'packet' || action.packet.direction !== 'outbound') continue
    const line = action.place.line
    const replaced = (changed: ScriptEvent[]): Script => ({
      ...script,
      events: [...script.events.slice(0, index), ...changed, ...script.events.slice(index + 1)],
    })
    for (const [what, packet] of packetAlterations(action.packet, hasSyn)) {
      const changed: PacketAction = { ...action, packet }
      yield { what: `line ${line}: ${what}`, line, script: replaced([{ ...event, action: changed }]) }
    }
    const late = laterBy(event, script)
    if (late !== undefined) yield { what: `line ${line}: later`, line, script: replaced([late]) }
    yield { what: `line ${line}: left out`, line: 1, script: replaced(silence(event)) }
    if (action.packet.protocol === 'tcp' && (action.packet.flags & TcpFlag.Syn) !== 0) hasSyn = true
  }
}

/** The time that the event takes, in which nothing is expected. */
function silence(event: ScriptEvent): ScriptEvent[] {
  const { time, action } = event
  if (time.base === 'any') return []
  const wait: CommandAction = { kind: 'command', text: 'true', place: action.place }
  return [{ ...event, time: { ...time, from: time.to, window: false }, action: wait }]
}

/** The event at a time at which it cannot be. Undefined for one that may be at any. */
function laterBy(event: ScriptEvent, script: Script): ScriptEvent | undefined {
  const { time } = event
  if (time.base === 'any') return undefined
  const usecs = script.options.find(({ name }) => name === 'tolerance_usecs')?.value
  const tolerance = { ...DEFAULT_TOLERANCE, ...(usecs !== undefined && { usecs: Number(usecs) }) }
  const shift = time.to - time.from + 2 * slackOf(time.from, tolerance) + MILLISECOND
  return { ...event, time: { ...time, from: time.from + shift, to: time.to + shift } }
}

function* packetAlterations(
  packet: ScriptPacket,
  hasSyn: boolean,
): Generator<readonly [string, ScriptPacket]> {
  if (packet.protocol === 'icmp') {
    yield ['another ICMP type', { ...packet, type: packet.type === 3 ? 0 : 3 }]
    return
  }
  yield* headerAlterations(packet, hasSyn)
  for (const [what, options] of optionAlterations(packet.options ?? [])) yield [what, { ...packet, options }]
}

function* headerAlterations(packet: TcpPacket, hasSyn: boolean): Generator<readonly [string, TcpPacket]> {
  yield ['PSH turned over', { ...packet, flags: packet.flags ^ TcpFlag.Psh }]
  yield ['ACK turned over', { ...packet, flags: packet.flags ^ TcpFlag.Ack }]
  yield ['RST turned over', { ...packet, flags: packet.flags ^ TcpFlag.Rst }]
  yield ['ECE turned over', { ...packet, flags: packet.flags ^ TcpFlag.Ece }]
  const { sequence } = packet
  // The number in our first SYN is a name that the script gives.
  const isName = (packet.flags & TcpFlag.Syn) !== 0 && !hasSyn
  if (sequence.form !== 'any' && !isName) {
    yield ['another number', { ...packet, sequence: { ...sequence, first: (sequence.first + 1) >>> 0 } }]
  }
  yield ['a byte more', { ...packet, sequence: { ...sequence, length: sequence.length + 1 } }]
  yield ['another acknowledgment', { ...packet, ack: (packet.ack + 1) >>> 0 }]
  if (packet.window !== undefined) yield ['another window', { ...packet, window: packet.window ^ 1 }]
  yield ['an urgent pointer', { ...packet, urgent: packet.urgent + 1 }]
}

function* optionAlterations(
  options: readonly TcpOption[],
): Generator<readonly [string, readonly TcpOption[]]> {
  for (const [i, option] of options.entries()) {
    const rest = options.filter((_, at) => at !== i)
    const filler: TcpOption = { kind: 'generic', number: 99, data: '' }
    yield [`without ${option.kind}`, rest]
    if (option.kind !== 'timestamps') yield [`another option for ${option.kind}`, [...rest, filler]]
    const other = otherValue(option)
    if (other !== undefined) yield [`another value of ${option.kind}`, options.toSpliced(i, 1, other)]
  }
}

/** Timestamps are names, too, and not compared. */
function otherValue(option: TcpOption): TcpOption | undefined {
  switch (option.kind) {
    case 'mss':
      return { ...option, value: option.value + 1 }
    case 'wscale':
      return { ...option, shift: option.shift + 1 }
    case 'sack':
      return { ...option, blocks: option.blocks.map(({ left, right }) => ({ left, right: right + 1 })) }
    default:
      return undefined
  }
}
