/** Counters by group (`ip`, `icmp`, `tcp`, `udp`, `stack`) and name. */
export type CounterGroups = Readonly<Record<string, Readonly<Record<string, number>>>>

/** A counter and what net-tools says of it; `always`: also of none. */
type Phrase = readonly [name: string, text: string, always?: 'always']

const IP: readonly Phrase[] = [
  ['InReceives', 'total packets received', 'always'],
  ['InHdrErrors', 'with invalid headers'],
  ['InAddrErrors', 'with invalid addresses'],
  ['ForwDatagrams', 'forwarded', 'always'],
  ['InUnknownProtos', 'with unknown protocol'],
  ['InDiscards', 'incoming packets discarded', 'always'],
  ['InDelivers', 'incoming packets delivered', 'always'],
  ['OutRequests', 'requests sent out', 'always'],
  ['OutDiscards', 'outgoing packets dropped'],
  ['OutNoRoutes', 'dropped because of missing route'],
  ['ReasmTimeout', 'fragments dropped after timeout'],
  ['ReasmReqds', 'reassemblies required'],
  ['ReasmOKs', 'packets reassembled ok'],
  ['ReasmFails', 'packet reassemblies failed'],
  ['FragOKs', 'fragments received ok'],
  ['FragFails', 'fragments failed'],
  ['FragCreates', 'fragments created'],
]

const ICMP_IN: readonly Phrase[] = [
  ['InMsgs', 'ICMP messages received', 'always'],
  ['InErrors', 'input ICMP message failed', 'always'],
]

const ICMP_OUT: readonly Phrase[] = [
  ['OutMsgs', 'ICMP messages sent', 'always'],
  ['OutErrors', 'ICMP messages failed', 'always'],
]

/** The kinds of ICMP messages, behind `In` and `Out`. */
const ICMP_KINDS: readonly Phrase[] = [
  ['DestUnreachs', 'destination unreachable'],
  ['TimeExcds', 'timeout in transit'],
  ['ParmProbs', 'wrong parameters'],
  ['SrcQuenchs', 'source quenches'],
  ['Redirects', 'redirects'],
  ['Echos', 'echo requests'],
  ['EchoReps', 'echo replies'],
  ['Timestamps', 'timestamp requests'],
  ['TimestampReps', 'timestamp replies'],
  ['AddrMasks', 'address mask requests'],
  ['AddrMaskReps', 'address mask replies'],
]

const TCP: readonly Phrase[] = [
  ['ActiveOpens', 'active connection openings', 'always'],
  ['PassiveOpens', 'passive connection openings', 'always'],
  ['AttemptFails', 'failed connection attempts', 'always'],
  ['EstabResets', 'connection resets received', 'always'],
  ['CurrEstab', 'connections established', 'always'],
  ['InSegs', 'segments received', 'always'],
  ['OutSegs', 'segments sent out', 'always'],
  ['RetransSegs', 'segments retransmitted', 'always'],
  ['InErrs', 'bad segments received', 'always'],
  ['OutRsts', 'resets sent', 'always'],
]

const UDP: readonly Phrase[] = [
  ['InDatagrams', 'packets received', 'always'],
  ['NoPorts', 'packets to unknown port received', 'always'],
  ['InErrors', 'packet receive errors', 'always'],
  ['OutDatagrams', 'packets sent', 'always'],
  ['RcvbufErrors', 'receive buffer errors', 'always'],
  ['SndbufErrors', 'send buffer errors', 'always'],
]

/**
 * `netstat -s` (net-tools 2.10): the counters of RFC 4293, 4022 and 4113 in its words; those of Linux's extensions, and ours, by their
 * names, where there is something to tell.
 */
export function formatStatistics(groups: CounterGroups): string {
  const { ip = {}, icmp = {}, tcp = {}, udp = {}, stack = {} } = groups
  return [
    'Ip:',
    '    Forwarding: 2',
    ...phrases(ip, IP),
    'Icmp:',
    ...phrases(icmp, ICMP_IN),
    '    ICMP input histogram:',
    ...histogram(icmp, 'In'),
    ...phrases(icmp, ICMP_OUT),
    '    ICMP output histogram:',
    ...histogram(icmp, 'Out'),
    ...names(icmp, [...ICMP_IN, ...ICMP_OUT, ...ofKind('In'), ...ofKind('Out')]),
    'Tcp:',
    ...phrases(tcp, TCP),
    'Udp:',
    ...phrases(udp, UDP),
    ...names(udp, UDP),
    'TcpExt:',
    ...names(tcp, TCP),
    'IpExt:',
    ...names(ip, IP),
    'Stack:',
    ...names(stack, []),
    '',
  ].join('\n')
}

function phrases(counters: CounterGroups[string], wanted: readonly Phrase[]): string[] {
  const shown = wanted.filter(([name, , always]) => always !== undefined || (counters[name] ?? 0) > 0)
  return shown.map(([name, text]) => `    ${counters[name] ?? 0} ${text}`)
}

const ofKind = (direction: 'In' | 'Out'): Phrase[] =>
  ICMP_KINDS.map(([name, text]) => [direction + name, text])

const histogram = (counters: CounterGroups[string], direction: 'In' | 'Out'): string[] =>
  ofKind(direction)
    .filter(([name]) => (counters[name] ?? 0) > 0)
    .map(([name, text]) => `        ${text}: ${counters[name]}`)

/** Those that have no phrase. */
function names(counters: CounterGroups[string], told: readonly Phrase[]): string[] {
  const known = new Set(told.map(([name]) => name))
  return Object.entries(counters)
    .filter(([name, count]) => !known.has(name) && count > 0)
    .map(([name, count]) => `    ${name}: ${count}`)
}
