import type { Invocation, ProgramResult } from './programs.ts'

/** FreeBSD's names of the states, as sockstat prints them. */
const STATES: Readonly<Record<string, string>> = {
  'SYN-SENT': 'SYN_SENT',
  ESTABLISHED: 'ESTABLISHED',
  'FIN-WAIT-1': 'FIN_WAIT_1',
  'FIN-WAIT-2': 'FIN_WAIT_2',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  CLOSING: 'CLOSING',
  'LAST-ACK': 'LAST_ACK',
  'TIME-WAIT': 'TIME_WAIT',
  'SYN-RECEIVED': 'SYN_RCVD',
  CLOSED: 'CLOSED',
  LISTEN: 'LISTEN',
}

/** What of our counters Linux has under `Tcp:`, and under `Ip:`; the others are under `TcpExt:` and `IpExt:`. */
const TCP =
  /^(ActiveOpens|PassiveOpens|AttemptFails|EstabResets|InSegs|OutSegs|RetransSegs|InErrs|OutRsts|InCsumErrors)$/
const IP =
  /^(In(Receives|HdrErrors|AddrErrors|UnknownProtos|Discards|Delivers)|Out(Requests|Discards|NoRoutes)|(Reasm|Frag).*)$/

/** `nstat`: a line for each counter that is not 0, by Linux's names. */
export function nstat({ subject }: Invocation): ProgramResult {
  const { ip, icmp, udp, tcp } = subject.machine.stack.counters
  const lines = [
    ...counterLines(ip, (name) => (IP.test(name) ? 'Ip' : 'IpExt')),
    ...counterLines(icmp, () => 'Icmp'),
    ...counterLines(udp, () => 'Udp'),
    ...counterLines(tcp, (name) => (TCP.test(name) ? 'Tcp' : 'TcpExt')),
  ]
  return { status: 0, output: lines.join('') }
}

const counterLines = (group: object, prefixOf: (name: string) => string): string[] =>
  Object.entries(group)
    .filter(([, value]) => typeof value === 'number' && value !== 0)
    .map(([name, value]) => `${prefixOf(name)}${name} ${value} 0.0\n`)

/** `sockstat -s`: a line for each connection with its state. */
export function sockstat({ subject }: Invocation): ProgramResult {
  const { tcp } = subject.machine.stack
  const states: string[] = []
  for (const listener of tcp.listeners) {
    states.push('LISTEN')
    for (let i = 0; i < listener.pending; i++) states.push('SYN_RCVD')
  }
  for (const { state } of tcp.table.all()) states.push(STATES[state]!)
  tcp.timeWait.forEach((_local, _remote, _ports, _until, _shared, state) => {
    states.push(STATES[state]!)
  })
  for (const socket of subject.machine.sockets.open) {
    if ('connection' in socket && isClosed(socket)) states.push('CLOSED')
  }
  return { status: 0, output: states.map((state) => `root packetdrill 1 3 tcp4 ${state}\n`).join('') }
}

/** A socket whose connection is over, or was never opened. */
function isClosed(socket: object): boolean {
  const { connection, listener } = socket as { connection?: { state: string }; listener?: unknown }
  return listener === undefined && (connection === undefined || connection.state === 'CLOSED')
}

/** `tcpdrop -s TIME_WAIT`: forgets connections in TIME-WAIT. */
export function tcpdrop({ subject }: Invocation): ProgramResult {
  subject.machine.stack.tcp.timeWait.clear()
  return { status: 0, output: '' }
}
