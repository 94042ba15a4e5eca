import { Errno } from '../../socket/errno.ts'
import { lifecycle } from './lifecycle.ts'
import { options } from './options.ts'
import { type CallHandler, done } from './outcome.ts'
import { readiness } from './readiness.ts'
import { transfer } from './transfer.ts'

/** What Linux answers to a call of which nobody knows. */
const unknown: CallHandler = () => done(-Errno.ENOSYS)

const TABLE: ReadonlyMap<string, CallHandler> = new Map(
  [lifecycle, transfer, options, readiness].flatMap((calls) => Object.entries(calls)),
)

/** Calls that scripts may name and that this stack has no use for: they answer ENOSYS. */
const ABSENT: readonly string[] = ['open', 'pipe', 'splice', 'sendfile', 'cap_set']

/** The handler of a system call; undefined for a name that is none. */
export const callHandler = (name: string): CallHandler | undefined =>
  TABLE.get(name) ?? (ABSENT.includes(name) ? unknown : undefined)
