import type { Connection } from '../tcp/connection.ts'
import { Timer } from '../tcp/timers.ts'
import { formatAddress } from '../wire/address.ts'
import { unsigned } from '../wire/seq.ts'

/** The transmission control block as lines for people, with RFC 9293's names. */
export function describeConnection(c: Connection): string[] {
  const { send, receive, rtt, recovery, congestion, options } = c
  const timers = Object.entries(Timer).filter(([, timer]) => c.timers.isArmed(timer))
  return [
    `${formatAddress(c.local)}:${c.localPort} <-> ${formatAddress(c.remote)}:${c.remotePort} ${c.state}`,
    `SND  UNA ${unsigned(send.una)} NXT ${unsigned(send.nxt)} WND ${send.wnd} ISS ${unsigned(send.iss)} queued ${send.queue.length} unsent ${send.unsent}`,
    `RCV  NXT ${unsigned(receive.nxt)} WND ${receive.wnd} IRS ${unsigned(receive.irs)} unread ${receive.queue.length} out of order ${receive.reassembly.bytes}`,
    `MSS  ${c.segmentSize}  wscale ${options.sendShift},${receive.shift}  timestamps ${onOff(options.timestamps)}  SACK ${onOff(options.sack)}`,
    `RTT  ${milliseconds(rtt.smoothed)} ms +- ${milliseconds(rtt.variation)}  RTO ${milliseconds(rtt.timeout)} ms  backoff ${rtt.backoff}`,
    `CC   ${congestion.name} cwnd ${congestion.window} ssthresh ${congestion.threshold} ${recovery.phase}  retransmitted ${c.retransmits}`,
    `timers ${timers.length === 0 ? 'none' : timers.map(([name]) => name).join(' ')}`,
  ]
}

const onOff = (on: boolean): string => (on ? 'on' : 'off')

const milliseconds = (duration: number): string => (duration / 1000).toFixed(3)
