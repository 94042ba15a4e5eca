import { MILLISECOND, NEVER } from '../../base/time.ts'
import { Epoll, type EpollEvent } from '../../socket/epoll.ts'
import { Errno } from '../../socket/errno.ts'
import { type PollEntry, poll } from '../../socket/poll.ts'
import type { Pollable } from '../../socket/pollable.ts'
import type { Socket } from '../../socket/socket.ts'
import type { Expression, StructLiteral } from '../ast.ts'
import type { OpenFile } from '../descriptors.ts'
import { formatExpression, integerOf, itemsOf, memberOf, structOf } from '../expression.ts'
import type { Machine } from '../machine.ts'
import { fail } from '../script-error.ts'
import { formatBits, symbolValue } from '../symbols.ts'
import type { Arguments } from './arguments.ts'
import { fileOf } from './files.ts'
import { type Attempt, type CallTable, done, type Outcome, type OutputDifference } from './outcome.ts'

const EPOLL_CTL_ADD = symbolValue('EPOLL_CTL_ADD')!
const EPOLL_CTL_DEL = symbolValue('EPOLL_CTL_DEL')!
const EPOLL_CTL_MOD = symbolValue('EPOLL_CTL_MOD')!

/** Calls that wait for several descriptors. */
export const readiness: CallTable = {
  poll(call, context) {
    call.expect(3)
    const structs = itemsOf(call.at(0)).map((item) => structOf(item, 'pollfd'))
    if (call.integer(1) !== structs.length)
      fail(call.at(1).place, `${structs.length} descriptors`, String(call.integer(1)))
    const entries = structs.map((struct): PollEntry => {
      const file = context.descriptors.get(integerOf(memberOf(struct, 'fd')))
      return { source: sourceOf(file), events: integerOf(memberOf(struct, 'events')), revents: 0 }
    })
    return waiting(context.machine, call.integer(2), () => {
      const count = poll(entries)
      return count === 0
        ? undefined
        : { result: count, difference: () => reventsDifference(structs, entries) }
    })
  },

  epoll_create(call) {
    call.expect(1)
    if (call.integer(0) <= 0) return done(-Errno.EINVAL)
    return newEpoll()
  },

  epoll_create1(call) {
    call.expect(1)
    return newEpoll()
  },

  epoll_ctl(call, context) {
    call.expect(4)
    const epoll = fileOf(call, context, 0)
    const file = fileOf(call, context, 2)
    if (epoll === undefined || file === undefined) return done(-Errno.EBADF)
    if (epoll.kind !== 'epoll') return done(-Errno.EINVAL)
    const source = sourceOf(file)
    if (source === undefined) return done(-Errno.EPERM)
    return done(control(call, epoll.epoll, source))
  },

  epoll_wait(call, context) {
    call.expect(4)
    const file = fileOf(call, context, 0)
    if (file === undefined) return done(-Errno.EBADF)
    if (file.kind !== 'epoll') return done(-Errno.EINVAL)
    const most = call.integer(2)
    return waiting(context.machine, call.integer(3), () => {
      const events: EpollEvent[] = []
      const count = file.epoll.wait(events, most)
      return count === 0
        ? undefined
        : { result: count, difference: () => eventsDifference(call.at(1), events) }
    })
  },
}

const newEpoll = (): Attempt => () => ({
  result: 0,
  file: { kind: 'epoll', epoll: new Epoll(), isBlocking: true },
})

/** Looks until there is something to tell, or the time (milliseconds; negative: no limit) is over. */
function waiting(machine: Machine, timeout: number, look: () => Outcome | undefined): Attempt {
  const until = timeout < 0 ? NEVER : machine.now + timeout * MILLISECOND
  return () => {
    const outcome = look() ?? (machine.now >= until ? { result: 0 } : undefined)
    machine.alarm = outcome === undefined ? until : NEVER
    return outcome
  }
}

/** Undefined for what cannot be waited for. */
function sourceOf(file: OpenFile | undefined): Pollable | undefined {
  if (file === undefined || file.kind === 'plain') return undefined
  return file.kind === 'epoll' ? file.epoll : pollable(file.socket)
}

const pollable = (socket: Socket): Pollable =>
  'watch' in socket ? (socket as Socket & Pollable) : { poll: () => socket.poll(), watch() {}, unwatch() {} }

function control(call: Arguments, epoll: Epoll, source: Pollable): number {
  const key = call.integer(2)
  switch (call.integer(1)) {
    case EPOLL_CTL_ADD:
      return epoll.add(key, source, eventsOf(call), dataOf(call.struct(3, 'epoll_event')))
    case EPOLL_CTL_MOD:
      return epoll.modify(key, eventsOf(call), dataOf(call.struct(3, 'epoll_event')))
    case EPOLL_CTL_DEL:
      return epoll.remove(key)
    default:
      return -Errno.EINVAL
  }
}

const eventsOf = (call: Arguments): number => integerOf(memberOf(call.struct(3, 'epoll_event'), 'events')) | 0

/** The union of an epoll_event, by whichever member the script writes; 0 for none. */
function dataOf({ fields }: StructLiteral): bigint {
  const value = fields.get('fd') ?? fields.get('u32') ?? fields.get('u64') ?? fields.get('ptr')
  if (value === undefined) return 0n
  return BigInt(integerOf(value)) & (fields.has('u64') || fields.has('ptr') ? ~0n : 0xffff_ffffn)
}

function reventsDifference(
  structs: readonly StructLiteral[],
  entries: readonly PollEntry[],
): OutputDifference | undefined {
  for (const [i, struct] of structs.entries()) {
    const expression = struct.fields.get('revents')
    const { revents } = entries[i]!
    if (expression === undefined || expression.kind === 'ellipsis' || integerOf(expression) === revents)
      continue
    return {
      what: `revents of descriptor ${formatExpression(memberOf(struct, 'fd'))}`,
      expected: formatExpression(expression),
      actual: formatBits(revents, 'POLL'),
    }
  }
  return undefined
}

/** One event, or a list of them. */
function eventsDifference(written: Expression, events: readonly EpollEvent[]): OutputDifference | undefined {
  if (written.kind === 'ellipsis') return undefined
  const structs = (written.kind === 'list' ? itemsOf(written) : [written]).map((item) =>
    structOf(item, 'epoll_event'),
  )
  for (const [i, { events: bits, data }] of events.entries()) {
    const struct = structs[i]
    if (struct === undefined) continue
    const expected = memberOf(struct, 'events')
    if ((integerOf(expected) | 0) !== (bits | 0)) {
      return {
        what: `events of entry ${i}`,
        expected: formatExpression(expected),
        actual: formatBits(bits, 'EPOLL'),
      }
    }
    if (dataOf(struct) !== data) {
      return { what: `data of entry ${i}`, expected: String(dataOf(struct)), actual: String(data) }
    }
  }
  return undefined
}
