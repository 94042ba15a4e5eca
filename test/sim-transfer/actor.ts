import type { Duration, Instant } from '../../src/base/time.ts'
import { Msg, Shutdown } from '../../src/socket/constants.ts'
import { Errno } from '../../src/socket/errno.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { noise } from './parties.ts'
import type { Conduct } from './plan.ts'

/** Who knows the time, and can be asked to call back. */
export interface Alarm {
  readonly now: Instant
  at(at: Instant, task: () => void): void
}

/** One user of a connection: sends what it has, reads what comes, ends in its manner, and notes everything. */
export class Actor {
  readonly name: string
  readonly socket: StreamSocket
  readonly conduct: Conduct
  readonly toSend: Uint8Array
  readonly received: Uint8Array
  receivedLength = 0
  sentLength = 0
  /** Where in what it sends the urgent bytes lie, and those that were read out of band. */
  readonly urgentAt = new Set<number>()
  /** The peer's end of stream was read. */
  sawEnd = false
  /** Negative errno that a call returned, other than -EAGAIN; and the one after it. */
  error = 0
  secondError = 0
  isClosed = false
  onClose: (() => void) | undefined
  readonly #alarm: Alarm
  readonly #began: Instant
  #calls = 0
  #isShut = false
  #readsAt: Instant
  #writesAt: Instant = 0
  #sipped = 0
  #puffed = 0

  /** `most`: bytes that the peer can have sent. */
  constructor(
    name: string,
    socket: StreamSocket,
    conduct: Conduct,
    seed: number,
    most: number,
    alarm: Alarm,
  ) {
    this.name = name
    this.socket = socket
    this.conduct = conduct
    this.toSend = noise(conduct.length, seed)
    this.received = new Uint8Array(most + 1)
    this.#alarm = alarm
    this.#began = alarm.now
    this.#readsAt = alarm.now + conduct.readsFrom
    if (conduct.readsFrom > 0) this.#later(conduct.readsFrom)
    if (conduct.ending === 'leave' && conduct.leavesAt > 0) this.#later(conduct.leavesAt)
    socket.onReady = () => this.work()
  }

  /** What arrived is what the other has sent, from its beginning and in order, but for urgent bytes that were not read with the rest. */
  isFrom(other: Actor): boolean {
    const { received, receivedLength } = this
    const isInline = this.socket.settings.isOutOfBandInline
    let at = 0
    for (let i = 0; i < receivedLength; i++, at++) {
      while (!isInline && other.urgentAt.has(at) && other.toSend[at] !== received[i]) at++
      if (at >= other.toSend.length || received[i] !== other.toSend[at]) return false
    }
    return at <= Math.max(other.sentLength, other.toSend.length)
  }

  /** Everything arrived, but for urgent bytes that were not read with the rest. */
  hasAllOf(other: Actor): boolean {
    const missing = other.toSend.length - this.receivedLength
    const isInline = this.socket.settings.isOutOfBandInline
    return this.sawEnd && missing >= 0 && missing <= (isInline ? 0 : other.urgentAt.size)
  }

  work(): void {
    if (this.isClosed) return
    const { ending, leavesAt } = this.conduct
    if (ending === 'leave' && this.#alarm.now >= this.#began + leavesAt) {
      this.close()
      return
    }
    this.#read()
    if (this.error === 0) this.#write()
    if (this.error !== 0) this.#askAgain()
    if (this.error !== 0 || (this.sawEnd && this.#isShut)) this.close()
  }

  close(): void {
    if (this.isClosed) return
    if (this.conduct.isAbrupt) this.socket.linger = 0
    this.isClosed = true
    this.socket.close()
    this.onClose?.()
  }

  /** The host is gone. */
  dies(): void {
    this.isClosed = true
    this.socket.onReady = undefined
  }

  #later(rest: Duration): void {
    this.#alarm.at(this.#alarm.now + rest, () => this.work())
  }

  #read(): void {
    const { sip, chunk } = this.conduct
    while (!this.sawEnd && this.error === 0 && this.#alarm.now >= this.#readsAt) {
      const room = Math.min(
        chunk,
        this.received.length - this.receivedLength,
        (sip?.bytes ?? chunk) - this.#sipped,
      )
      const count = this.socket.recv(this.received, this.receivedLength, Math.max(1, room))
      if (count === -Errno.EAGAIN) return
      if (count < 0) this.error = count
      else if (count === 0) this.sawEnd = true
      else this.#took(count)
    }
  }

  #took(count: number): void {
    this.receivedLength += count
    this.#sipped += count
    const { sip } = this.conduct
    if (sip === undefined || this.#sipped < sip.bytes) return
    this.#sipped = 0
    this.#readsAt = this.#alarm.now + sip.rest
    this.#later(sip.rest)
  }

  #write(): void {
    while (this.sentLength < this.toSend.length && this.#alarm.now >= this.#writesAt) {
      const count = this.#send()
      if (count === -Errno.EAGAIN || count === -Errno.EINPROGRESS) return
      if (count < 0) {
        this.error = count
        return
      }
      this.#gave(count)
    }
    if (this.sentLength === this.toSend.length) this.#end()
  }

  #send(): number {
    const { chunk, puff, urgentEvery = 0, moreEvery = 0 } = this.conduct
    this.#calls++
    const left = this.toSend.length - this.sentLength
    // The byte behind an urgent one is another, so that it is seen which of them is missing.
    const isUrgent =
      urgentEvery > 0 &&
      this.#calls % urgentEvery === 0 &&
      left > 1 &&
      this.toSend[this.sentLength] !== this.toSend[this.sentLength + 1]
    if (isUrgent) {
      const count = this.socket.send(this.toSend, this.sentLength, 1, Msg.Oob)
      if (count > 0) this.urgentAt.add(this.sentLength)
      return count
    }
    const more = moreEvery > 0 && this.#calls % moreEvery === 0 ? Msg.More : 0
    const length = Math.min(chunk, left, (puff?.bytes ?? left) - this.#puffed)
    return this.socket.send(this.toSend, this.sentLength, Math.max(1, length), more)
  }

  #gave(count: number): void {
    this.sentLength += count
    this.#puffed += count
    const { puff } = this.conduct
    if (puff === undefined || this.#puffed < puff.bytes) return
    this.#puffed = 0
    this.#writesAt = this.#alarm.now + puff.rest
    this.#later(puff.rest)
  }

  #end(): void {
    if (this.#isShut || this.socket.connection?.state === 'SYN-SENT') return
    this.#isShut = true
    if (this.conduct.ending === 'half-close') this.socket.shutdown(Shutdown.Write)
    else if (this.conduct.ending === 'abort') {
      this.socket.linger = 0
      this.close()
    }
  }

  /** An error is told once. */
  #askAgain(): void {
    const again = this.socket.recv(new Uint8Array(1), 0, 1)
    if (again < 0 && again !== -Errno.EAGAIN) this.secondError = again
  }
}
