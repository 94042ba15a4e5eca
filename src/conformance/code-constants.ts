import type { CodeValue } from './code-ast.ts'

/** States by Linux's numbers (`<netinet/tcp.h>`), under Linux's names and under FreeBSD's. */
const STATES: readonly (readonly [linux: string, freebsd: string])[] = [
  ['TCP_ESTABLISHED', 'TCPI_ESTABLISHED'],
  ['TCP_SYN_SENT', 'TCPI_SYN_SENT'],
  ['TCP_SYN_RECV', 'TCPI_SYN_RECEIVED'],
  ['TCP_FIN_WAIT1', 'TCPI_FIN_WAIT_1'],
  ['TCP_FIN_WAIT2', 'TCPI_FIN_WAIT_2'],
  ['TCP_TIME_WAIT', 'TCPI_TIME_WAIT'],
  ['TCP_CLOSE', 'TCPI_CLOSED'],
  ['TCP_CLOSE_WAIT', 'TCPI_CLOSE_WAIT'],
  ['TCP_LAST_ACK', 'TCPI_LAST_ACK'],
  ['TCP_LISTEN', 'TCPI_LISTEN'],
  ['TCP_CLOSING', 'TCPI_CLOSING'],
]

const CONGESTION_STATES = ['TCP_CA_Open', 'TCP_CA_Disorder', 'TCP_CA_CWR', 'TCP_CA_Recovery', 'TCP_CA_Loss']

const OPTION_BITS = ['TIMESTAMPS', 'SACK', 'WSCALE', 'ECN', 'ECN_SEEN', 'SYN_DATA']

/** The constants that a code block may name: what its variables hold before the first block runs. */
export function codeConstants(): Map<string, CodeValue> {
  const constants = new Map<string, CodeValue>([['TCP_INFINITE_SSTHRESH', 0x7fff_ffff]])
  for (const [i, names] of STATES.entries()) for (const name of names) constants.set(name, i + 1)
  for (const [i, name] of CONGESTION_STATES.entries()) constants.set(name, i)
  for (const [i, name] of OPTION_BITS.entries()) constants.set(`TCPI_OPT_${name}`, 1 << i)
  return constants
}
