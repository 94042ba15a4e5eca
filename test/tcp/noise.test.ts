import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NEVER, SECOND } from '../../src/base/time.ts'
import { distance, type Seq } from '../../src/wire/seq.ts'
import type { Peer, PeerOptions } from '../support/peer.ts'
import {
  closed,
  closeWait,
  closing,
  connected,
  established,
  finWait1,
  finWait2,
  lastAck,
  listening,
  synCrossed,
  synReceived,
  synSent,
  timeWait,
} from '../support/peers.ts'

const everyState = {
  closed,
  listening,
  synSent,
  synReceived,
  synCrossed,
  established,
  connected,
  finWait1,
  finWait2,
  closeWait,
  closing,
  lastAck,
  timeWait,
}

const options = fc.record({
  options: fc.constantFrom(
    'mss 1460',
    '',
    'mss 536,nop,wscale 2',
    'mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7',
    'mss 100,nop,nop,sackOK',
  ),
  iss: fc.constantFrom(0x7fff_fff0, 0xffff_fff0, 0x7fff_f000, 12345),
  irs: fc.constantFrom(0x7fff_fff0, 0xffff_fff0, 0xffff_f000, 54321),
  offload: fc.boolean(),
  win: fc.constantFrom(65535, 1000),
  settings: fc.record({
    receiveBuffer: fc.constantFrom(2048, 5000, 65535, 131072),
    keepAlive: fc.boolean(),
    noDelay: fc.boolean(),
    userTimeout: fc.constantFrom(0, 5 * SECOND),
  }),
}) satisfies fc.Arbitrary<PeerOptions>

const flags = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('.', 'P.', 'F.', 'FP.', 'U.') },
  { weight: 2, arbitrary: fc.constantFrom('S', 'S.', 'R', 'R.', 'SF.', 'F', 'P') },
  fc.constantFrom('-', 'SFRPUEW.', 'SR', 'FR.', 'E.', 'W.'),
)

/** Where a number lies: near what is expected, at the window's edges, or anywhere. */
const place = fc.oneof(
  { weight: 4, arbitrary: fc.record({ from: fc.constant('next' as const), by: fc.constant(0) }) },
  {
    weight: 3,
    arbitrary: fc.record({ from: fc.constant('next' as const), by: fc.integer({ min: -3000, max: 3000 }) }),
  },
  fc.record({ from: fc.constant('edge' as const), by: fc.integer({ min: -2, max: 2 }) }),
  fc.record({ from: fc.constant('zero' as const), by: fc.integer({ min: -0x7fff_ffff, max: 0x7fff_ffff }) }),
)
type Place = { from: 'next' | 'edge' | 'zero'; by: number }

const segment = fc.record({
  kind: fc.constant('segment' as const),
  flags,
  seq: place,
  ack: place,
  length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 })),
  win: fc.oneof(fc.constant(65535), fc.constant(0), fc.integer({ min: 0, max: 65535 })),
  options: fc.constantFrom(
    undefined,
    '',
    'nop,nop,TS val 1 ecr 1',
    'nop,nop,TS val 99999 ecr 1000',
    'mss 100',
    'nop,nop,sack 1:1001 2001:3001',
    'raw 03 00 00 00',
  ),
})
const call = fc.record({
  kind: fc.constant('call' as const),
  name: fc.constantFrom(
    'writes',
    'writes',
    'reads',
    'reads',
    'closes',
    'aborts',
    'releases',
    'accepts',
    'urgent',
  ),
  length: fc.integer({ min: 1, max: 20_000 }),
})
const pause = fc.record({
  kind: fc.constant('pause' as const),
  duration: fc.constantFrom(1000, 40_000, 200_000, SECOND, 7 * SECOND, 70 * SECOND),
})
const step = fc.oneof({ weight: 5, arbitrary: segment }, { weight: 3, arbitrary: call }, pause)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function relative(peer: Peer, at: Place, isAck: boolean): number {
  const c = peer.connection
  if (c === undefined || at.from === 'zero') return at.by + (at.from === 'zero' ? 0 : 1)
  if (isAck) {
    const from = at.from === 'next' ? c.send.nxt : c.send.una
    return distance(peer.iss, from) + at.by
  }
  const from = at.from === 'next' ? c.receive.nxt : c.receive.edge
  return distance(peer.irs, from) + at.by
}

function take(peer: Peer, of: Step): void {
  if (of.kind === 'pause') {
    peer.advance(of.duration)
  } else if (of.kind === 'segment') {
    const seq = relative(peer, of.seq, false)
    const ack = of.flags.includes('.') ? ` ack ${relative(peer, of.ack, true)}` : ''
    const written = of.options === undefined ? '' : ` <${of.options}>`
    peer.sends(`${of.flags} ${seq}:${seq + of.length}(${of.length})${ack} win ${of.win}${written}`)
  } else calls(peer, of.name, of.length)
}

function calls(peer: Peer, name: string, length: number): void {
  if (name === 'accepts') {
    const c = peer.listener?.accept()
    if (c !== undefined && peer.connection === undefined) peer.connection = c
    else if (c !== undefined) peer.releasesOther(c)
    return
  }
  const c = peer.connection
  if (c === undefined || c.isOrphan) return
  // A connection with other initial numbers than the peer's pattern begins at.
  const isOther = c.send.iss !== peer.iss || (c.state !== 'SYN-SENT' && c.receive.irs !== peer.irs)
  if (isOther && (name === 'writes' || name === 'reads')) return
  if (name === 'writes' && c.state !== 'CLOSED' && !c.send.hasFin) peer.writes(length)
  else if (name === 'reads') peer.reads(length)
  else if (name === 'closes') peer.closes()
  else if (name === 'aborts') peer.aborts()
  else if (name === 'releases') peer.releases()
  else if (name === 'urgent' && c.send.queue.length > 0) {
    c.send.up = c.send.end
    c.send.isUrgent = true
  }
}

/** What holds at any moment, and the last edges seen. */
class Watch {
  readonly #peer: Peer
  #connection: unknown
  #edge = 0 as Seq
  #next = 0 as Seq
  constructor(peer: Peer) {
    this.#peer = peer
  }

  check(): void {
    const peer = this.#peer
    expect(peer.faults).toEqual([])
    peer.outbox.length = 0
    const c = peer.connection
    if (c === undefined || c.state === 'CLOSED' || c.state === 'SYN-SENT') return
    const { send, receive } = c
    expect(send.flight).toBeGreaterThanOrEqual(0)
    expect(send.queue.length).toBeLessThanOrEqual(c.settings.sendBuffer)
    expect(distance(send.base, send.nxt)).toBeLessThanOrEqual(send.queue.length + 1)
    expect(c.recovery.inFlight(c)).toBeGreaterThanOrEqual(0)
    expect(c.congestion.window).toBeGreaterThanOrEqual(0)
    if (this.#connection === c) {
      expect(distance(this.#edge, receive.edge)).toBeGreaterThanOrEqual(0)
      expect(distance(this.#next, receive.nxt)).toBeGreaterThanOrEqual(0)
    }
    expect(receive.queue.length + receive.wnd).toBeLessThanOrEqual(Math.max(receive.limit, 65535) + 1)
    if (send.flight > 0) expect(peer.tcp.timers.anyArmed(c.id) || peer.tcp.isDirty).toBe(true)
    this.#connection = c
    this.#edge = receive.edge
    this.#next = receive.nxt
  }
}

/** Everybody lets go, and the peer is silent: in the end nothing is left. */
function end(peer: Peer): void {
  if (peer.listener !== undefined) {
    peer.tcp.unlisten(peer.listener)
  }
  if (peer.connection !== undefined && !peer.connection.isOrphan) peer.releases()
  peer.advance(3 * 3600 * SECOND)
  expect(peer.faults).toEqual([])
  expect(peer.tcp.flows.size).toBe(0)
  expect([...peer.tcp.connections()]).toEqual([])
  expect(peer.tcp.synCache.size).toBe(0)
  expect(peer.tcp.timeWait.size).toBe(0)
  expect(peer.tcp.orphanCount).toBe(0)
  expect(peer.tcp.establishedCount).toBe(0)
  expect(peer.arena.used).toBe(peer.idle)
  expect(peer.tcp.nextDeadline()).toBe(NEVER)
}

test.each(Object.entries(everyState))(
  '[RFC9293 §3.10] whatever arrives, is called or times out after %s: no fault, invariants hold, nothing is left',
  (_name, make) => {
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 40 }), (chosen, steps) => {
        const peer = make(chosen)
        const watch = new Watch(peer)
        for (const of of steps) {
          take(peer, of)
          peer.takes()
          watch.check()
        }
        end(peer)
      }),
      { numRuns: Number(process.env.TUNSTACK_RUNS ?? 60) },
    )
  },
)
