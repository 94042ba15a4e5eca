import type { Connection } from '../tcp/connection.ts'
import type { State } from '../tcp/state.ts'
import { type Seq, toSeq } from '../wire/seq.ts'
import { Poll } from './constants.ts'
import { ANY_EVENT } from './pollable.ts'

const ARRIVAL = Poll.In | Poll.Pri | Poll.ReadNormal | Poll.ReadBand
const ROOM = Poll.Out | Poll.WriteNormal | Poll.WriteBand

/** What has happened on a connection since one last looked, as Linux's wake-ups tell it: what epoll calls an edge. */
export class Wakeups {
  /** A send or a poll found too little room: there being enough is news (Linux's SOCK_NOSPACE). */
  wantsRoom = false
  #next: Seq = toSeq(0)
  #urgent: Seq = toSeq(0)
  #state: State = 'CLOSED'
  #hasError = false

  /** Bits of Poll that something new concerns. */
  take(c: Connection, hasRoom: boolean, hasError: boolean): number {
    const { nxt, up } = c.receive
    let events = 0
    if (nxt !== this.#next || up !== this.#urgent) events |= ARRIVAL
    if (c.state !== this.#state || (hasError && !this.#hasError)) events = ANY_EVENT
    this.#next = nxt
    this.#urgent = up
    this.#state = c.state
    this.#hasError = hasError
    if (this.wantsRoom && hasRoom) {
      this.wantsRoom = false
      events |= ROOM
    }
    return events
  }
}
