import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NEVER, SECOND } from '../../src/base/time.ts'
import type { Connection } from '../../src/tcp/connection.ts'
import { controllerNames } from '../../src/tcp/controllers.ts'
import { add, distance, type Seq } from '../../src/wire/seq.ts'
import {
  OUR_ADDRESS,
  OUR_PORT,
  PEER_ADDRESS,
  PEER_PORT,
  type Peer,
  type PeerOptions,
} from '../support/peer.ts'
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

/** What a stranger's data may open by itself (RFC 7413), and what nothing is kept of (RFC 4987 §3.6). */
const fastOpened = (given: PeerOptions): Peer => {
  const peer = listening({ ...given, sysctl: { ...given.sysctl, tcp_fastopen: 0x602 } })
  peer.sends(`S 0:10(10) <${given.options ?? ''}>`)
  peer.expects('S. 0:0(0) ack 11')
  peer.agreed(given.options ?? '')
  peer.accepts()
  return peer
}
const listeningByCookie = (given: PeerOptions): Peer =>
  listening({ ...given, sysctl: { ...given.sysctl, tcp_syncookies: 2 } })

const everyState = {
  closed,
  listening,
  listeningByCookie,
  fastOpened,
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
  profile: fc.constantFrom('linux', 'linux', 'freebsd'),
  sysctl: fc.record({
    tcp_congestion_control: fc.constantFrom(...controllerNames()),
    tcp_mtu_probing: fc.constantFrom(0, 1, 2),
    tcp_frto: fc.constantFrom(0, 2),
    tcp_early_retrans: fc.constantFrom(0, 3),
    tcp_max_syn_backlog: fc.constantFrom(1, 1024),
    tcp_max_tw_buckets: fc.constantFrom(0, 65536),
    tcp_mem: fc.constantFrom([2, 3, 6], [49152, 65536, 98304]),
    tcp_rfc1337: fc.constantFrom(0, 1),
  }),
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
    'mss 1460,FO 0102030405060708,nop,nop',
    'mss 1460,FO,nop,nop',
  ),
  /** Blocks of SACK where they may hurt: lengths from SND.UNA on. */
  sacks: fc.option(
    fc.array(fc.tuple(fc.integer({ min: -2000, max: 4000 }), fc.integer({ min: -10, max: 3000 })), {
      minLength: 1,
      maxLength: 3,
    }),
    { freq: 4, nil: undefined },
  ),
  urgent: fc.option(fc.integer({ min: 0, max: 0xffff }), { freq: 2, nil: 0 }),
  gso: fc.constantFrom(0, 0, 0, 100, 536, 1460),
  ecn: fc.constantFrom(0, 0, 1, 2, 3),
})
const icmp = fc.record({
  kind: fc.constant('icmp' as const),
  type: fc.constantFrom(3, 3, 3, 4, 11, 12),
  code: fc.integer({ min: 0, max: 16 }),
  mtu: fc.constantFrom(0, 20, 68, 296, 576, 1006, 1400, 1500, 65535),
  seq: place,
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
const step = fc.oneof(
  { weight: 10, arbitrary: segment },
  { weight: 6, arbitrary: call },
  { weight: 2, arbitrary: pause },
  { weight: 1, arbitrary: icmp },
)
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

/** What a segment occupies in sequence space. */
interface Span {
  from: Seq
  to: Seq
}

function take(peer: Peer, of: Step): Span | undefined {
  if (of.kind === 'pause') {
    peer.advance(of.duration)
  } else if (of.kind === 'segment') {
    const from = add(peer.irs, relative(peer, of.seq, false))
    const to = add(from, of.length + Number(of.flags.includes('S')) + Number(of.flags.includes('F')))
    peer.sends(lineOf(peer, of))
    return { from, to }
  } else if (of.kind === 'icmp') {
    const ends = {
      source: OUR_ADDRESS,
      destination: PEER_ADDRESS,
      sourcePort: OUR_PORT,
      destinationPort: PEER_PORT,
    }
    const seq = add(peer.iss, relative(peer, of.seq, true))
    peer.tcp.icmpError({ ...ends, type: of.type, code: of.code, mtu: of.mtu, seq }, peer.now)
  } else calls(peer, of.name, of.length)
  return undefined
}

function lineOf(peer: Peer, of: Step & { kind: 'segment' }): string {
  const seq = relative(peer, of.seq, false)
  const ack = of.flags.includes('.') ? ` ack ${relative(peer, of.ack, true)}` : ''
  const c = peer.connection
  const una = c === undefined ? 1 : distance(peer.iss, c.send.una)
  const blocks = of.sacks?.map(([from, length]) => `${una + from}:${una + from + length}`).join(' ')
  const options = blocks === undefined ? of.options : `nop,nop,sack ${blocks}`
  const written = options === undefined ? '' : ` <${options}>`
  const ecn = ['', '[ect1] ', '[ect0] ', '[ce] '][of.ecn]!
  const gso = of.gso > 0 && of.gso < of.length ? ` gso ${of.gso}` : ''
  return `${ecn}${of.flags} ${seq}:${seq + of.length}(${of.length})${ack} win ${of.win} urg ${of.urgent}${gso}${written}`
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

/** Segments without data of their own, the answers: an ACK, a reset, a SYN-ACK. */
const isAnswer = (line: string): boolean =>
  /^(\[\w+\] )?(\.|U\.|\.E|E\.|R\.?|S\.\S*) -?\d+:-?\d+\(0\)/.test(line)

/** How many a super-segment is made of. */
const segmentsOf = ({ gso, length }: Step & { kind: 'segment' }): number =>
  gso > 0 && gso < length ? Math.ceil(length / gso) : 1

/** What holds at any moment, and the last edges seen. */
class Watch {
  readonly #peer: Peer
  #connection: unknown
  #edge = 0 as Seq
  #next = 0 as Seq
  #acceptable = 0 as Seq
  #limit = 0
  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** After one step, and with what our side has said to it. */
  check(of: Step, span: Span | undefined, said: string[]): void {
    const peer = this.#peer
    expect(peer.faults).toEqual([])
    if (of.kind === 'segment' && said.filter(isAnswer).length > segmentsOf(of)) {
      throw new Error(`more answers than segments:\n${said.join('\n')}`)
    }
    const c = peer.connection
    if (c === undefined || c.state === 'CLOSED' || c.state === 'SYN-SENT') return
    const { send, receive } = c
    expect(send.flight).toBeGreaterThanOrEqual(0)
    expect(send.queue.length).toBeLessThanOrEqual(c.settings.sendBuffer)
    expect(distance(send.base, send.nxt)).toBeLessThanOrEqual(send.queue.length + 1)
    expect(c.recovery.inFlight(c)).toBeGreaterThanOrEqual(0)
    expect(c.congestion.window).toBeGreaterThanOrEqual(0)
    if (this.#connection === c) this.#compare(c, span)
    expect(receive.queue.length + receive.wnd).toBeLessThanOrEqual(
      Math.max(receive.limit, 65535) + 1 + receive.rounding,
    )
    const most = receive.limit + Math.max(send.limit, c.settings.sendBuffer) + 65_536
    expect(peer.arena.used - peer.idle).toBeLessThanOrEqual(2 * most) // blocks are powers of two
    if (send.flight > 0) expect(peer.tcp.timers.anyArmed(c.id) || peer.tcp.isDirty).toBe(true)
    this.#connection = c
    this.#edge = receive.edge
    this.#next = receive.nxt
    this.#acceptable = receive.acceptableEdge
    this.#limit = receive.limit
  }

  /** The right edge never moves back, and RCV.NXT is moved on only by what begins at or before it and lies in the window. */
  #compare({ receive }: Connection, span: Span | undefined): void {
    expect(distance(this.#edge, receive.edge)).toBeGreaterThanOrEqual(0)
    const moved = distance(this.#next, receive.nxt)
    expect(moved).toBeGreaterThanOrEqual(0)
    if (moved === 0) return
    // With a FIN, and what a buffer has grown by as the handshake ended.
    const most = distance(this.#next, this.#acceptable) + 1 + Math.max(0, receive.limit - this.#limit)
    expect(moved).toBeLessThanOrEqual(most)
    if (span === undefined) throw new Error('RCV.NXT moved, and nothing had come')
    expect(distance(span.from, this.#next)).toBeGreaterThanOrEqual(0)
    expect(distance(this.#next, span.to)).toBeGreaterThan(0)
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
          const span = take(peer, of)
          watch.check(of, span, peer.takes())
        }
        end(peer)
      }),
      { numRuns: Number(process.env.TUNSTACK_RUNS ?? 60) },
    )
  },
)
