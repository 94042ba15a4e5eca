import { type Duration, type Instant, NEVER } from '../../base/time.ts'
import { Errno } from '../../socket/errno.ts'
import { SystemCalls } from '../../socket/system-calls.ts'
import type { Attempt, Caller } from '../calls/blocking.ts'
import { Machine } from '../machine.ts'
import type { Settings } from '../settings.ts'
import { FIRST_REMOTE_PORT } from '../under-test.ts'
import { Op, ProtocolError, type Request, writeResponse } from './frame.ts'
import { type Answer, OPERATIONS } from './operations.ts'

/** Longest time that a client may let pass at once: twelve days. */
const LONGEST_ADVANCE: Duration = 2 ** 40
/** Longest packet of IP. */
const LONGEST_PACKET = 65_535
const SEED = 17

/** A call that has not ended. */
interface BlockedCall {
  readonly request: Request
  readonly attempt: Attempt<Answer>
}

/**
 * A stack that a client drives: system calls, packets, and a clock that moves only when the client waits for something. A request is dealt
 * with before the next one is looked at; calls that block are answered when they end.
 */
export class BridgeSession implements Caller {
  readonly machine: Machine
  readonly calls: SystemCalls
  readonly #maxWait: Duration
  readonly #send: (frame: Uint8Array) => void
  #blocked: BlockedCall[] = []

  /** `maxWait`: how long a call of the main thread may block. */
  constructor(settings: Settings, maxWait: Duration, send: (frame: Uint8Array) => void) {
    this.machine = new Machine({
      address: settings.localAddress,
      prefix: 16,
      mtu: settings.mtu,
      segmentationOffload: false,
      profile: settings.profile,
      seed: SEED,
      flow: { localPort: settings.localPort, remote: settings.remoteAddress, remotePort: FIRST_REMOTE_PORT },
    })
    this.calls = new SystemCalls(this.machine.sockets)
    this.#maxWait = maxWait
    this.#send = send
    this.machine.onTurn = () => this.#retry()
  }

  /** Throws ProtocolError, and what the machine throws: Crash and Livelock. */
  handle(request: Request): void {
    switch (request.op) {
      case Op.Advance:
        this.machine.run(this.machine.now + durationOf(request, 0))
        this.answer(request, { result: 0 })
        return
      case Op.NetdevSend:
        this.#arrive(request)
        return
      case Op.NetdevReceive:
        this.#leave(request)
        return
      default:
        this.#call(request)
    }
  }

  answer(request: Request, { result, ints = [], blobs = [] }: Answer): void {
    const errno = result < 0 ? -result : 0
    this.#send(writeResponse(request, [Math.max(result, -1), errno, whole(this.machine.now), ...ints], blobs))
  }

  /** The stack is used no more. */
  close(): void {
    this.#blocked = []
    this.machine.release()
  }

  #arrive(request: Request): void {
    const packet = request.blob(0)
    if (packet.length > LONGEST_PACKET) {
      this.answer(request, { result: -Errno.EMSGSIZE })
      return
    }
    this.machine.inject(packet)
    this.answer(request, { result: 0 })
  }

  #leave(request: Request): void {
    const { machine } = this
    const { sent } = machine.device
    machine.run(machine.now + durationOf(request, 1), () => sent.length > 0)
    const packet = sent.shift()
    const { time, bytes } = packet ?? { time: machine.now, bytes: new Uint8Array(0) }
    this.answer(request, { result: 0, ints: [whole(time)], blobs: [bytes] })
  }

  #call(request: Request): void {
    const operation = OPERATIONS.get(request.op)
    const attempt = operation?.(request, this) ?? (() => ({ result: -Errno.ENOSYS }))
    const answer = attempt()
    if (answer !== undefined) {
      this.machine.turn()
      this.answer(request, answer)
      return
    }
    const blocked = { request, attempt }
    this.#blocked.push(blocked)
    this.machine.turn()
    if (request.isMain) this.#wait(blocked)
  }

  /** The main thread waits for this call, and the clock runs. */
  #wait(blocked: BlockedCall): void {
    const { machine } = this
    if (machine.run(machine.now + this.#maxWait, () => !this.#blocked.includes(blocked))) return
    this.#blocked = this.#blocked.filter((other) => other !== blocked)
    this.answer(blocked.request, { result: -Errno.EAGAIN })
  }

  /** Within each turn: those that have ended are answered. */
  #retry(): void {
    let alarm: Instant = NEVER
    const left: BlockedCall[] = []
    for (const blocked of this.#blocked) {
      const answer = blocked.attempt()
      alarm = Math.min(alarm, this.machine.alarm)
      if (answer === undefined) left.push(blocked)
      else this.answer(blocked.request, answer)
    }
    this.#blocked = left
    this.machine.alarm = alarm
  }
}

function durationOf(request: Request, i: number): Duration {
  const duration = request.int(i)
  if (duration >= 0 && duration <= LONGEST_ADVANCE) return duration
  throw new ProtocolError(`a time of ${duration} µs`)
}

/** On the wire times are whole microseconds. */
const whole = (time: Instant): number => Math.floor(time)
