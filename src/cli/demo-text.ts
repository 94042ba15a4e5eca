import { MILLISECOND, SECOND } from '../base/time.ts'
import type { Demo, DemoEnd, Transition } from '../daemon/demo.ts'
import type { DemoOptions } from '../daemon/demo-options.ts'

/** `12,345`. */
export const grouped = (n: number): string => Math.round(n).toLocaleString('en-US')

/** `0 B`, `14.6 kB`, `4.00 MB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  if (n < 1e6) return `${(n / 1e3).toFixed(1)} kB`
  return n < 1e9 ? `${(n / 1e6).toFixed(2)} MB` : `${(n / 1e9).toFixed(2)} GB`
}

/** `2.5 Mbit/s`. */
export function rate(bits: number): string {
  if (bits < 1e6) return `${(bits / 1e3).toFixed(0)} kbit/s`
  return `${(bits / 1e6).toFixed(bits < 1e7 ? 1 : 0)} Mbit/s`
}

/** `12.345 s`. */
export const seconds = (time: number): string => `${(time / SECOND).toFixed(3)} s`

/** `41.2 ms`, `241 ms`, `12.0 s`; of nothing, a dash. */
export function milliseconds(time: number): string {
  if (time === 0) return '-'
  if (time < 100 * MILLISECOND) return `${(time / MILLISECOND).toFixed(1)} ms`
  return time < 10 * SECOND ? `${Math.round(time / MILLISECOND)} ms` : `${(time / SECOND).toFixed(1)} s`
}

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`

/** `20 Mbit/s, 20 ms each way, 2 % lost, seed 1`. */
export function describeLink({ impairments, seed }: DemoOptions): string {
  const { loss, reorder, duplicate, corrupt, delay } = impairments
  const fates: [number, string][] = [
    [loss, 'lost'],
    [reorder, 'reordered'],
    [duplicate, 'doubled'],
    [corrupt, 'corrupted'],
  ]
  const told = fates.filter(([share]) => share > 0).map(([share, what]) => `${percent(share)} ${what}`)
  return [rate(impairments.rate), `${delay / MILLISECOND} ms each way`, ...told, `seed ${seed}`].join(', ')
}

export const describeData = ({ data, source }: DemoOptions): string => `${bytes(data.length)} of ${source}`

/** Of all bytes, how many have been read; 0 to 1. */
export const progressOf = (demo: Demo): number =>
  demo.options.data.length === 0 ? 1 : demo.receiver.bytes / demo.options.data.length

/** Bits a second so far. */
export function speedOf(demo: Demo): number {
  const time = demo.completedAt ?? demo.world.now
  return time === 0 ? 0 : (demo.receiver.bytes * 8 * SECOND) / time
}

/** One end's row of the table. */
export interface Row {
  state: string
  cwnd: string
  wnd: string
  flight: string
  rtt: string
  rto: string
  segments: string
  resent: string
}

export function rowOf(end: DemoEnd): Row {
  const { tcp } = end.host.stack.counters
  const c = end.connection
  const isOpen = c !== undefined && c.state !== 'CLOSED'
  return {
    state: end.state,
    cwnd: isOpen ? grouped(c.congestion.window) : '-',
    wnd: isOpen ? grouped(c.send.wnd) : '-',
    flight: isOpen ? grouped(c.send.flight) : '-',
    rtt: c === undefined ? '-' : milliseconds(c.rtt.smoothed),
    rto: isOpen ? milliseconds(c.rtt.timeout) : '-',
    segments: grouped(tcp.OutSegs),
    resent: grouped(tcp.RetransSegs),
  }
}

/** `   0.041 s  sender    SYN-SENT -> ESTABLISHED`. */
export const describeTransition = ({ at, end, from, to }: Transition, arrow = '->'): string =>
  `${seconds(at).padStart(11)}  ${end.padEnd(8)}  ${from} ${arrow} ${to}`

/** What came of it, in lines. */
export function conclude(demo: Demo): string[] {
  const { sender, completedAt, options } = demo
  const [sent, received] = demo.digests
  const { OutSegs, RetransSegs, TCPTimeouts } = sender.host.stack.counters.tcp
  const share = OutSegs === 0 ? 0 : RetransSegs / OutSegs
  const digests = [`sha256 sent      ${sent}`, `sha256 received  ${received}`]
  if (!demo.isGood) {
    const why = demo.failure === undefined ? '' : `: ${demo.failure}`
    return [
      ...digests,
      `FAILED${why}: ${bytes(demo.receiver.bytes)} of ${bytes(options.data.length)} arrived`,
    ]
  }
  return [
    ...digests,
    `ok: the digests are the same. ${bytes(options.data.length)} in ${seconds(completedAt ?? 0)} of virtual time (${rate(speedOf(demo))});`,
    `    ${grouped(RetransSegs)} of ${grouped(OutSegs)} segments sent again (${percent(share)}), ${grouped(TCPTimeouts)} time-outs`,
  ]
}
