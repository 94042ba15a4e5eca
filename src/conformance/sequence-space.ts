import { add, distance, type Seq, toSeq, unsigned } from '../wire/seq.ts'

/**
 * The two sequence spaces of a connection as a script counts them: from what it wrote in the SYNs, most often 0.
 *
 * Numbers of the script are unsigned, those of the wire are Seq. With a SYN a number stands for itself, without one it is counted from the
 * initial sequence number; until a SYN has been seen that is 0, and all numbers stand for themselves.
 */
export class SequenceSpace {
  /** The peer's initial sequence number. */
  #remote: Seq = toSeq(0)
  /** Ours, and what the script called it. */
  #local: Seq = toSeq(0)
  #localName: Seq = toSeq(0)
  #knowsRemote = false
  #knowsLocal = false
  #isSettled = false

  /** The first SYN towards us has this number. */
  learnRemote(number: number): void {
    if (this.#knowsRemote) return
    this.#remote = toSeq(number)
    this.#knowsRemote = true
  }

  /** The handshake goes on: our SYN's number stays what it is. */
  settle(): void {
    this.#isSettled = this.#knowsLocal
  }

  /** Our SYN has number `wire`, which the script calls `number`. Said again, it counts only with `again`, and before the peer has answered. */
  learnLocal(wire: Seq, number: number, again: boolean): void {
    if (this.#knowsLocal && (!again || this.#isSettled)) return
    this.#local = wire
    this.#localName = toSeq(number)
    this.#knowsLocal = true
  }

  /** A number of the peer's, on its way to us. */
  inboundSeq(number: number, isSyn: boolean): Seq {
    return isSyn ? toSeq(number) : add(this.#remote, number)
  }

  /** A number of ours that the peer acknowledges or reports. */
  inboundAck(number: number, isSyn: boolean): Seq {
    return add(isSyn ? add(this.#local, -this.#localName) : this.#local, number)
  }

  /** A number of ours, as the script counts it. */
  outboundSeq(wire: Seq, isSyn: boolean): number {
    return unsigned(toSeq(distance(isSyn ? add(this.#local, -this.#localName) : this.#local, wire)))
  }

  /** A number of the peer's that we acknowledge or report, as the script counts it. */
  outboundAck(wire: Seq, isSyn: boolean): number {
    return unsigned(isSyn ? wire : toSeq(distance(this.#remote, wire)))
  }
}
