import { NEVER } from '../base/time.ts'
import { toSeq } from '../wire/seq.ts'
import { Connection, type TcpUser } from './connection.ts'
import type { FastOpen } from './fast-open-state.ts'
import { Memo } from './memo.ts'
import type { Settings } from './settings.ts'
import { isLasting, type State } from './state.ts'
import type { Tcp } from './tcp.ts'
import { TIMER_COLUMNS, Timer } from './timers.ts'

const memo = new Memo()

/**
 * A connection with nothing under way, nor anything for its user to read: its parts are gone, and what they knew is a text of some 200
 * bytes. The next segment, timer or call makes the connection anew. It keeps its row, its flow and its keep-alive timer.
 */
export class Resting {
  readonly id: number
  readonly local: number
  readonly remote: number
  readonly localPort: number
  readonly remotePort: number
  readonly settings: Settings
  readonly user: TcpUser | undefined
  readonly state: State
  readonly fastOpen: FastOpen | undefined
  /** Name of the congestion controller. */
  readonly controller: string
  readonly #text: string

  constructor(c: Connection) {
    this.id = c.id
    this.local = c.local
    this.remote = c.remote
    this.localPort = c.localPort
    this.remotePort = c.remotePort
    this.settings = c.settings
    this.user = c.user
    this.state = c.state
    this.fastOpen = c.fastOpen
    this.controller = c.congestion.name
    memo.write()
    memo.flag(c.isActive)
    memo.seq(c.send.iss)
    memo.number(c.timestampOffset)
    memo.instant(c.openedAt)
    carry(c)
    this.#text = memo.text
  }

  /** The connection as it was. */
  wake(tcp: Tcp): Connection {
    memo.read(this.#text)
    const isActive = memo.flag(false)
    const iss = memo.seq(toSeq(0))
    const timestampOffset = memo.number(0)
    const openedAt = memo.instant(0)
    const { id, local, localPort, remote, remotePort, settings, controller } = this
    const c = new Connection(
      tcp,
      id,
      local,
      localPort,
      remote,
      remotePort,
      isActive,
      settings,
      iss,
      timestampOffset,
      openedAt,
      controller,
    )
    carry(c)
    c.woken(this.state)
    c.user = this.user
    if (this.fastOpen !== undefined) c.fastOpen = this.fastOpen
    return c
  }
}

/** Keeps what outlives a rest in the memo, or takes it from it. */
function carry(c: Connection): void {
  carryTotals(c)
  c.options.carry(memo)
  c.send.carry(memo)
  c.receive.carry(memo)
  c.acks.carry(memo)
  c.ackDelay.carry(memo)
  c.ecn.carry(memo)
  c.receiveSpace.carry(memo)
  c.rtt.carry(memo)
  carryRecovery(c)
  c.tailProbe.carry(memo)
  c.windowUse.carry(memo)
  c.pacer.carry(memo)
  c.path.carry(memo)
  c.statistics.carry(memo)
  c.congestion.carry(memo, c.recovery.rate)
}

function carryTotals(c: Connection): void {
  c.heardAt = memo.instant(c.heardAt)
  c.spokeAt = memo.instant(c.spokeAt)
  c.synRetransmits = memo.number(c.synRetransmits)
  c.bytesAcked = memo.number(c.bytesAcked)
  c.bytesReceived = memo.number(c.bytesReceived)
  c.bytesRetransmitted = memo.number(c.bytesRetransmitted)
  c.segmentsIn = memo.number(c.segmentsIn)
  c.segmentsOut = memo.number(c.segmentsOut)
  c.retransmits = memo.number(c.retransmits)
}

/** It is in the phase 'open', with nothing in flight. */
function carryRecovery({ recovery }: Connection): void {
  const { losses, board, undo, rate } = recovery
  recovery.high = memo.seq(recovery.high)
  recovery.stalledSince = memo.instant(recovery.stalledSince)
  board.everLost = memo.number(board.everLost)
  losses.reorderingDelay = memo.number(losses.reorderingDelay)
  losses.threshold = memo.number(losses.threshold)
  losses.reorderings = memo.number(losses.reorderings)
  losses.duplicateReports = memo.number(losses.duplicateReports)
  losses.rack.carry(memo)
  undo.carry(memo)
  rate.carry(memo)
}

/** Nothing is under way on `c` that a rest would lose. */
export function mayRest(c: Connection): boolean {
  return isLasting(c.state) && isHeldByUser(c) && isSendingDone(c) && isReceivingDone(c) && isQuiet(c)
}

/** It is somebody's who will know where to find it, and who has nothing to be told. */
const isHeldByUser = (c: Connection): boolean =>
  c.user?.holds !== undefined &&
  c.listener === undefined &&
  c.fastOpenQueue === undefined &&
  c.softError === undefined

function isSendingDone(c: Connection): boolean {
  const { send, recovery } = c
  return (
    send.flight === 0 &&
    send.isDone &&
    !send.isSynOutstanding &&
    !send.isUrgent &&
    !send.owesProbe &&
    send.shutSince === NEVER &&
    recovery.phase === 'open' &&
    recovery.timeouts === 0 &&
    recovery.losses.duplicates === 0 &&
    recovery.board.count === 0
  )
}

function isReceivingDone(c: Connection): boolean {
  const { receive } = c
  const isFinDone = !receive.hasFin || receive.isFinTaken
  return receive.queue.extent === 0 && isFinDone && !receive.isUrgent && !receive.isShut
}

/** No timer runs but that of keep-alive, and no acknowledgement is owed. */
function isQuiet(c: Connection): boolean {
  if (c.isDirty || c.acks.isOwed || c.acks.delayed || c.duplicates.count > 0 || c.probes > 0) return false
  for (let timer = 0; timer < TIMER_COLUMNS; timer++) {
    if (timer !== Timer.Keepalive && c.timers.isArmed(timer)) return false
  }
  return true
}
