import type { Tun } from '../device/tun.ts'
import { formatInterfaces, type InterfaceRow } from '../observe/interfaces.ts'
import { formatHeading, formatRows, type NetstatOptions } from '../observe/netstat.ts'
import type { QueueRow } from '../observe/queues.ts'
import { datagrams, flows, joinSockets, listeners, type SocketRow } from '../observe/snapshot.ts'
import { formatStatistics } from '../observe/statistics.ts'
import type { Sockets } from '../socket/sockets.ts'
import { applySysctls, unknownSysctl } from './sysctls.ts'

/** A stack with the device that it is served on. */
interface Viewed {
  readonly sockets: Sockets
  readonly tun: Tun
}

/** What the daemon can be asked of its stacks, of which there may be several. */
interface View {
  /**
   * What one stack has to say, in pieces: each takes a moment, and is a value that can be sent to another thread. What it throws is the
   * answer's error.
   */
  collect(stack: Viewed, args: unknown): Iterable<unknown>
  /** The answer made of what all have said, in the order of the stacks: a value, or a text that comes in pieces. */
  join(stacks: readonly Pieces[], args: unknown): unknown
}

/** What one stack has to say, asked for piece by piece. Whoever leaves a view of more than one piece calls `return`. */
export type Pieces = AsyncGenerator<unknown, void>

/** A view of which each stack has one piece. */
const whole = (
  tell: (stack: Viewed, args: unknown) => unknown,
  join: (parts: readonly unknown[]) => unknown,
): View => ({
  *collect(stack, args) {
    yield tell(stack, args)
  },
  join: async (stacks) => join(await firstOf(stacks)),
})

const firstOf = (stacks: readonly Pieces[]): Promise<unknown[]> =>
  Promise.all(stacks.map(async (pieces) => (await pieces.next()).value))

/** First what servers there are, as rows; then the connections, as text. */
const netstat: View = {
  *collect({ sockets }, args) {
    yield [listeners(sockets), datagrams(sockets)]
    for (const rows of flows(sockets)) yield formatRows(rows, optionsOf(args))
  },
  async *join(stacks, args) {
    const options = optionsOf(args)
    try {
      const servers = (await firstOf(stacks)) as [tcp: SocketRow[], udp: SocketRow[]][]
      yield formatHeading(options) + formatRows(joinSockets(servers.map(([tcp]) => tcp)), options)
      for (const pieces of stacks) yield* pieces as AsyncIterable<string>
      yield formatRows(joinSockets(servers.map(([, udp]) => udp)), options)
    } finally {
      await Promise.all(stacks.map((pieces) => pieces.return()))
    }
  },
}

const optionsOf = (args: unknown): NetstatOptions => (args ?? {}) as NetstatOptions

/** Every counter by group and name, summed. */
const counters = whole(groupsOf, (parts) => (parts as readonly Groups[]).reduce(sum))

/** The same for people. */
const statistics = whole(groupsOf, (parts) => formatStatistics((parts as readonly Groups[]).reduce(sum)))

type Groups = Record<string, Record<string, number>>

/** The connections that there are now are among TCP's (RFC 4022 §4). */
function groupsOf({ sockets: { stack } }: Viewed): Groups {
  const groups = Object.entries(stack.counters).map(([group, values]): [string, Record<string, number>] => [
    group,
    Object.fromEntries(Object.entries(values as object).filter(([, value]) => typeof value === 'number')),
  ])
  const { tcp, ...others } = Object.fromEntries(groups)
  return { ...others, tcp: { ...tcp, CurrEstab: stack.tcp.openCount } }
}

const sum = (left: Groups, right: Groups): Groups =>
  Object.fromEntries(
    Object.entries(left).map(([group, values]) => [
      group,
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, value + (right[group]?.[name] ?? 0)]),
      ),
    ]),
  )

/** `{key, value}` sets a tunable in all stacks, `{key}` reads it, nothing lists all keys with their values. */
const sysctl = whole(
  ({ sockets: { stack } }, args) => {
    const { key, value } = (args ?? {}) as { key?: unknown; value?: unknown }
    if (key === undefined) return stack.sysctls.list().map((name) => [name, stack.sysctls.get(name)])
    const name = String(key)
    if (value !== undefined) applySysctls(stack.sysctls, new Map([[name, String(value)]]))
    const now = stack.sysctls.get(name)
    if (now === undefined) throw unknownSysctl(stack.sysctls, name)
    return now
  },
  // They are set in all or in none, so that one speaks for all.
  ([first]) => first,
)

/** The device, which has one set of counters for all its queues. */
const interfaces = whole(
  ({ tun }) => interfaceRow(tun),
  ([first]) => formatInterfaces([first as InterfaceRow]),
)

/** What the kernel transmits is what we receive. */
function interfaceRow(tun: Tun): InterfaceRow {
  const n = tun.counters()
  return {
    name: tun.name,
    mtu: tun.mtu,
    isUp: tun.isUp,
    received: { packets: n.txPackets, errors: n.txErrors, dropped: n.txDropped },
    sent: { packets: n.rxPackets, errors: n.rxErrors, dropped: n.rxDropped },
  }
}

/** How the load is shared: a record for each stack that lives. */
const queues = whole(
  ({ sockets: { tcp, stack } }): QueueRow => {
    const { PassiveOpens, ActiveOpens, InSegs, OutSegs } = stack.counters.tcp
    const { HandedOver, TakenOver, HandOverDropped } = stack.counters.stack
    const queue = stack.owners?.self ?? 0
    return {
      queue,
      connections: tcp.table.size,
      PassiveOpens,
      ActiveOpens,
      InSegs,
      OutSegs,
      HandedOver,
      TakenOver,
      HandOverDropped,
    }
  },
  (parts) => parts,
)

const VIEWS: ReadonlyMap<string, View> = new Map([
  ['netstat', netstat],
  ['interfaces', interfaces],
  ['counters', counters],
  ['statistics', statistics],
  ['sysctl', sysctl],
  ['queues', queues],
])

/** The verbs of the control socket that look at stacks. `collect` begins to ask all of them. */
export const viewVerbs = (
  collect: (view: string, args: unknown) => Promise<readonly Pieces[]>,
): [verb: string, act: (args: unknown) => Promise<unknown>][] =>
  [...VIEWS].map(([name, view]) => [name, async (args) => view.join(await collect(name, args), args)])

/** What asking for this view sets, by `applySysctls`. */
export function settingOf(view: string, args: unknown): [key: string, value: string] | undefined {
  const { key, value } = (args ?? {}) as { key?: unknown; value?: unknown }
  return view === 'sysctl' && value !== undefined ? [String(key), String(value)] : undefined
}

/** One stack's part of a view, in pieces that take a moment each; there is at least one. */
export const collectView = (view: string, stack: Viewed, args: unknown): Iterable<unknown> =>
  VIEWS.get(view)!.collect(stack, args)
