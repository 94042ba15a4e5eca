import { type Duration, NEVER } from '../../base/time.ts'
import { Msg } from '../../socket/constants.ts'
import { DatagramSocket } from '../../socket/datagram-socket.ts'
import { StreamSocket } from '../../socket/stream-socket.ts'
import type { SystemCalls } from '../../socket/system-calls.ts'
import type { Machine } from '../machine.ts'
import type { Settings } from '../settings.ts'
import type { UnderTest } from '../under-test.ts'
import type { Arguments } from './arguments.ts'

/** How a system call ended. */
export interface Outcome {
  /** Not negative, or a negative errno. */
  readonly result: number
  /** Looks at what the call wrote to memory, when it succeeded. */
  readonly difference?: () => OutputDifference | undefined
}

/** Something that a call wrote to memory and that the script says otherwise. */
export interface OutputDifference {
  readonly what: string
  readonly expected: string
  readonly actual: string
}

/** Tries to finish a call; undefined: it still blocks. Called again whenever something may have changed. */
export type Attempt = () => Outcome | undefined

/** What system calls work on. */
export interface CallContext {
  readonly machine: Machine
  /** Descriptors have the numbers that the script gives them. */
  readonly calls: SystemCalls
  readonly underTest: UnderTest
  readonly settings: Settings
}

/** Begins a system call. Throws ScriptError for arguments that it cannot have. */
export type CallHandler = (call: Arguments, context: CallContext) => Attempt

export type CallTable = Readonly<Record<string, CallHandler>>

/** A call that ends at once. */
export const done =
  (result: number): Attempt =>
  () => ({ result })

/** A call that waits until `look` finds something, or until `timeout` is over, when `late` has the answer. */
export function waiting(machine: Machine, timeout: Duration, look: Attempt, late: () => Outcome): Attempt {
  const until = machine.now + timeout
  return () => {
    const outcome = look() ?? (machine.now >= until ? late() : undefined)
    machine.alarm = outcome === undefined ? until : NEVER
    return outcome
  }
}

/** The TCP socket behind a descriptor, if it is one. */
export function streamOf({ calls }: CallContext, fd: number): StreamSocket | undefined {
  const socket = calls.descriptors.socket(fd)
  return socket instanceof StreamSocket ? socket : undefined
}

/** True when a call on the descriptor waits: it is open, and neither it nor the call says otherwise. */
export function waits({ calls }: CallContext, fd: number, flags = 0): boolean {
  const file = calls.descriptors.get(fd)
  return file !== undefined && !file.isNonBlocking && (flags & Msg.DontWait) === 0
}

/** SO_RCVTIMEO or SO_SNDTIMEO of a descriptor; NEVER when it has none. */
export function timeoutOf(
  { calls }: CallContext,
  fd: number,
  name: 'receiveTimeout' | 'sendTimeout',
): Duration {
  const socket = calls.descriptors.socket(fd)
  if (typeof socket === 'number' || socket instanceof DatagramSocket) return NEVER
  return streamTimeout(socket, name)
}

const streamTimeout = (socket: unknown, name: 'receiveTimeout' | 'sendTimeout'): Duration =>
  socket instanceof StreamSocket && socket[name] > 0 ? socket[name] : NEVER
