import { Msg } from '../../socket/constants.ts'
import { Errno } from '../../socket/errno.ts'
import type { Expression } from '../ast.ts'
import type { OpenFile, SocketFile } from '../descriptors.ts'
import { integerOf, itemsOf, memberOf, structOf } from '../expression.ts'
import { fail } from '../script-error.ts'
import { type Arguments, bufferOf, lengthOf, textOf } from './arguments.ts'
import { fileOf } from './files.ts'
import { addressArgument } from './lifecycle.ts'
import { type Attempt, type CallContext, type CallTable, done, type OutputDifference } from './outcome.ts'

/** Calls that move data. */
export const transfer: CallTable = {
  read(call, context) {
    call.expect(3)
    return receive(call, context, [one(call, 1, 2)], 0)
  },
  recv(call, context) {
    call.expect(4)
    return receive(call, context, [one(call, 1, 2)], call.integer(3), true)
  },
  recvfrom(call, context) {
    call.expect(6)
    return receive(call, context, [one(call, 1, 2)], call.integer(3), true)
  },
  readv(call, context) {
    call.expect(3)
    return receive(call, context, vectorOf(call.at(1), call.integer(2)), 0)
  },
  write(call, context) {
    call.expect(3)
    return send(call, context, [one(call, 1, 2)], 0)
  },
  send(call, context) {
    call.expect(4)
    return send(call, context, [one(call, 1, 2)], call.integer(3), true)
  },
  sendto(call, context) {
    call.expect(6)
    return send(call, context, [one(call, 1, 2)], call.integer(3), true, call.at(4))
  },
  writev(call, context) {
    call.expect(3)
    return send(call, context, vectorOf(call.at(1), call.integer(2)), 0)
  },
  sendmsg(call, context) {
    call.expect(3)
    const message = call.struct(1, 'msghdr')
    const to = message.fields.get('msg_name')
    return send(call, context, messageVector(call), call.integer(2), true, to)
  },
  recvmsg(call, context) {
    call.expect(3)
    return receive(call, context, messageVector(call), call.integer(2), true)
  },
}

/** A buffer that a call names. */
interface Vector {
  readonly base: Expression
  readonly length: number
}

const one = (call: Arguments, base: number, length: number): Vector => ({
  base: call.at(base),
  length: call.length(length),
})

/** `[{..., n}, ...]`; `count` says how many. */
function vectorOf(list: Expression, count: number): Vector[] {
  const items = itemsOf(list)
  if (items.length !== count) fail(list.place, `${count} buffers`, String(items.length))
  return items.map((item) => {
    const struct = structOf(item, 'iovec')
    return { base: memberOf(struct, 'iov_base'), length: lengthOf(memberOf(struct, 'iov_len')) }
  })
}

function messageVector(call: Arguments): Vector[] {
  const message = call.struct(1, 'msghdr')
  const count = message.fields.get('msg_iovlen')
  const list = memberOf(message, 'msg_iov')
  return vectorOf(
    list,
    count === undefined || count.kind === 'ellipsis' ? itemsOf(list).length : integerOf(count),
  )
}

/** NULL, where bytes should be. */
const isNowhere = ({ base, length }: Vector): boolean => base.kind === 'name' && length > 0

const total = (vectors: readonly Vector[]): number => vectors.reduce((sum, { length }) => sum + length, 0)

/** One buffer with all that is to be sent. */
function gather(vectors: readonly Vector[]): Uint8Array {
  if (vectors.length === 1) return bufferOf(vectors[0]!.base, vectors[0]!.length)
  const bytes = new Uint8Array(total(vectors))
  let at = 0
  for (const { base, length } of vectors) {
    bytes.set(bufferOf(base, length), at)
    at += length
  }
  return bytes
}

function receive(
  call: Arguments,
  context: CallContext,
  vectors: readonly Vector[],
  flags: number,
  needsSocket = false,
): Attempt {
  const file = openFile(call, context, needsSocket)
  if (typeof file === 'number') return done(file)
  const bytes = new Uint8Array(total(vectors))
  if (file.kind === 'plain') return done(bytes.length)
  if (file.kind === 'epoll') return done(-Errno.EINVAL)
  const waits = file.isBlocking && (flags & Msg.DontWait) === 0
  const isFault = vectors.some(isNowhere)
  let count = 0
  return () => {
    const result = file.socket.recv(bytes, count, bytes.length - count, isFault ? flags | Msg.Peek : flags)
    if (result === -Errno.EAGAIN && waits) return undefined
    if (isFault && result > 0) return { result: -Errno.EFAULT }
    if (result > 0) count += result
    const waitsForAll = waits && (flags & Msg.WaitAll) !== 0 && (flags & Msg.Peek) === 0
    if (waitsForAll && result > 0 && count < bytes.length) return undefined
    return {
      result: count > 0 && file.kind === 'stream' ? Math.max(count, result) : result,
      difference: () => contentDifference(vectors, bytes, count),
    }
  }
}

/** Where the bytes read are not those that the script writes. */
function contentDifference(
  vectors: readonly Vector[],
  bytes: Uint8Array,
  count: number,
): OutputDifference | undefined {
  let at = 0
  for (const { base, length } of vectors) {
    if (base.kind === 'string') {
      const found = latin1(bytes.subarray(at, Math.min(at + length, count)))
      const isSame = base.open ? found.startsWith(textOf(base)) : found === textOf(base).slice(0, length)
      if (!isSame)
        return {
          what: 'the bytes read',
          expected: JSON.stringify(textOf(base)),
          actual: JSON.stringify(found),
        }
    }
    at += length
  }
  return undefined
}

const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function send(
  call: Arguments,
  context: CallContext,
  vectors: readonly Vector[],
  flags: number,
  needsSocket = false,
  to?: Expression,
): Attempt {
  const file = openFile(call, context, needsSocket)
  if (typeof file === 'number') return done(file)
  const bytes = gather(vectors)
  if (file.kind === 'plain') return done(bytes.length)
  if (file.kind === 'epoll') return done(-Errno.EINVAL)
  if (file.kind === 'datagram' && to !== undefined) return sendDatagram(file.socket, bytes, to, context)
  const waits = file.isBlocking && (flags & Msg.DontWait) === 0
  const text = vectors.map(({ base, length }) =>
    textOf(base)
      .slice(0, length)
      .padEnd(textOf(base) ? length : 0, '\0'),
  )
  if (vectors.some(isNowhere)) return done(-Errno.EFAULT)
  let count = 0
  return () => {
    const result = file.socket.send(bytes, count, bytes.length - count, flags)
    if (result > 0) {
      note(context, file, result, count === 0 ? text.join('') : '')
      count += result
    }
    if (waits && (result === -Errno.EAGAIN || (result > 0 && count < bytes.length))) return undefined
    return { result: count > 0 ? count : result }
  }
}

/** What was written to the connection under test, so that its payload can be checked. */
function note({ underTest }: CallContext, file: SocketFile, count: number, text: string): void {
  const session = underTest.sessions.findLast(({ socket }) => socket === file.socket)
  session?.written.add(count, text)
}

function sendDatagram(
  socket: Extract<SocketFile, { kind: 'datagram' }>['socket'],
  bytes: Uint8Array,
  to: Expression,
  { settings }: CallContext,
): Attempt {
  const { address, port } = addressArgument(to, settings.remoteAddress, settings.connectPort)
  return () => ({ result: socket.sendTo(bytes, 0, bytes.length, address, port) })
}

function openFile(call: Arguments, context: CallContext, needsSocket: boolean): OpenFile | number {
  const file = fileOf(call, context, 0)
  if (file === undefined) return -Errno.EBADF
  return needsSocket && (file.kind === 'plain' || file.kind === 'epoll') ? -Errno.ENOTSOCK : file
}
