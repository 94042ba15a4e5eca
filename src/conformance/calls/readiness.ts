import { EpollControl } from '../../socket/constants.ts'
import type { EpollEvent } from '../../socket/epoll.ts'
import { Errno } from '../../socket/errno.ts'
import type { PollDescriptor } from '../../socket/system-calls.ts'
import type { Expression, StructLiteral } from '../ast.ts'
import { formatExpression, integerOf, itemsOf, memberOf, structOf } from '../expression.ts'
import { fail } from '../script-error.ts'
import { formatBits } from '../symbols.ts'
import type { Arguments } from './arguments.ts'
import * as blocking from './blocking.ts'
import { descriptorFor, opened } from './lifecycle.ts'
import {
  type Attempt,
  type CallContext,
  type CallTable,
  checked,
  done,
  type OutputDifference,
} from './outcome.ts'

/** Calls that wait for several descriptors. */
export const readiness: CallTable = {
  poll(call, context) {
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
    return checked(blocking.poll(context, list, call.integer(2)), () => reventsDifference(structs, list))
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

  epoll_wait(call, context) {
    call.expect(4)
    return epollWait(call, context)
  },
}

function epollWait(call: Arguments, context: CallContext): Attempt {
  const events: EpollEvent[] = []
  const attempt = blocking.epollWait(context, call.integer(0), events, call.integer(2), call.integer(3))
  return checked(attempt, (count) => (count > 0 ? eventsDifference(call.at(1), events) : undefined))
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
