import { MILLISECOND, NEVER } from '../../base/time.ts'
import { EpollControl } from '../../socket/constants.ts'
import type { EpollEvent } from '../../socket/epoll.ts'
import { Errno } from '../../socket/errno.ts'
import type { PollDescriptor } from '../../socket/system-calls.ts'
import type { Expression, StructLiteral } from '../ast.ts'
import { formatExpression, integerOf, itemsOf, memberOf, structOf } from '../expression.ts'
import type { Machine } from '../machine.ts'
import { fail } from '../script-error.ts'
import { formatBits } from '../symbols.ts'
import type { Arguments } from './arguments.ts'
import { descriptorFor, opened } from './lifecycle.ts'
import { type Attempt, type CallTable, done, type OutputDifference, waiting } from './outcome.ts'

/** Calls that wait for several descriptors. */
export const readiness: CallTable = {
  poll(call, { machine, calls }) {
    call.expect(3)
    const structs = itemsOf(call.at(0)).map((item) => structOf(item, 'pollfd'))
    if (call.integer(1) !== structs.length)
      fail(call.at(1).place, `${structs.length} descriptors`, String(call.integer(1)))
    const list = structs.map(
      (struct): PollDescriptor => ({
        fd: integerOf(memberOf(struct, 'fd')),
        events: integerOf(memberOf(struct, 'events')),
        revents: 0,
      }),
    )
    const difference = () => reventsDifference(structs, list)
    return timed(
      machine,
      call.integer(2),
      () => {
        const result = calls.poll(list)
        return result === 0 ? undefined : { result, difference }
      },
      difference,
    )
  },

  epoll_create(call, { calls }) {
    call.expect(1)
    if (call.integer(0) <= 0) return done(-Errno.EINVAL)
    return done(opened(call, calls.epollCreate(0, descriptorFor(call))))
  },

  epoll_create1(call, { calls }) {
    call.expect(1)
    return done(opened(call, calls.epollCreate(call.integer(0), descriptorFor(call))))
  },

  epoll_ctl(call, { calls }) {
    call.expect(4)
    const [epfd, request, fd] = [call.integer(0), call.integer(1), call.integer(2)]
    if (request === EpollControl.Delete) return done(calls.epollControl(epfd, request, fd, 0, 0n))
    const event = call.struct(3, 'epoll_event')
    return done(
      calls.epollControl(epfd, request, fd, integerOf(memberOf(event, 'events')) | 0, dataOf(event)),
    )
  },

  epoll_wait: (call, { machine, calls }) =>
    epollWait(call, machine, (out, most) => calls.epollWait(call.integer(0), out, most)),
}

function epollWait(
  call: Arguments,
  machine: Machine,
  wait: (out: EpollEvent[], most: number) => number,
): Attempt {
  call.expect(4)
  return timed(machine, call.integer(3), () => {
    const events: EpollEvent[] = []
    const result = wait(events, call.integer(2))
    return result === 0 ? undefined : { result, difference: () => eventsDifference(call.at(1), events) }
  })
}

/** Waits for as many milliseconds; negative: without limit. After that the answer is 0. */
function timed(
  machine: Machine,
  timeout: number,
  look: Attempt,
  difference: () => OutputDifference | undefined = () => undefined,
): Attempt {
  return waiting(machine, timeout < 0 ? NEVER : timeout * MILLISECOND, look, () => ({
    result: 0,
    difference,
  }))
}

/** The union of an epoll_event, by whichever member the script writes; 0 for none. */
function dataOf({ fields }: StructLiteral): bigint {
  const value = fields.get('fd') ?? fields.get('u32') ?? fields.get('u64') ?? fields.get('ptr')
  if (value === undefined) return 0n
  return BigInt(integerOf(value)) & (fields.has('u64') || fields.has('ptr') ? ~0n : 0xffff_ffffn)
}

function reventsDifference(
  structs: readonly StructLiteral[],
  list: readonly PollDescriptor[],
): OutputDifference | undefined {
  for (const [i, struct] of structs.entries()) {
    const expression = struct.fields.get('revents')
    const { fd, revents } = list[i]!
    if (expression === undefined || expression.kind === 'ellipsis' || integerOf(expression) === revents)
      continue
    return {
      what: `revents of descriptor ${fd}`,
      expected: formatExpression(expression),
      actual: formatBits(revents, 'POLL'),
    }
  }
  return undefined
}

/** One event, or a list of them. */
function eventsDifference(written: Expression, events: readonly EpollEvent[]): OutputDifference | undefined {
  if (written.kind === 'ellipsis') return undefined
  const items = written.kind === 'list' ? itemsOf(written) : [written]
  const structs = items.map((item) => structOf(item, 'epoll_event'))
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
