import { Errno } from '../../socket/errno.ts'
import { isSocket, type OpenFile, type SocketFile } from '../descriptors.ts'
import type { Arguments } from './arguments.ts'
import { type Attempt, type CallContext, done } from './outcome.ts'

/** What argument `i`, a descriptor, stands for; undefined when it is not open. */
export const fileOf = (call: Arguments, { descriptors }: CallContext, i: number): OpenFile | undefined =>
  descriptors.get(call.integer(i))

/** The socket that argument `i` stands for, or -EBADF or -ENOTSOCK. */
export function socketOf(call: Arguments, context: CallContext, i: number): SocketFile | number {
  const file = fileOf(call, context, i)
  if (file === undefined) return -Errno.EBADF
  return isSocket(file) ? file : -Errno.ENOTSOCK
}

/** A call on a socket that never blocks. */
export function onSocket(
  call: Arguments,
  context: CallContext,
  i: number,
  act: (file: SocketFile) => number,
): Attempt {
  const file = socketOf(call, context, i)
  return typeof file === 'number' ? done(file) : () => ({ result: act(file) })
}
