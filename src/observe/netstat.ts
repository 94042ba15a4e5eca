import type { State } from '../tcp/state.ts'
import { formatAddress } from '../wire/address.ts'
import type { SocketRow } from './snapshot.ts'

/** What to show; as net-tools: without `all` and `listening` only what is connected, without `tcp` and `udp` both. */
export interface NetstatOptions {
  all?: boolean
  listening?: boolean
  tcp?: boolean
  udp?: boolean
}

/** The states by net-tools' names. */
const NAMES: Readonly<Record<State, string>> = {
  CLOSED: 'CLOSE',
  LISTEN: 'LISTEN',
  'SYN-SENT': 'SYN_SENT',
  'SYN-RECEIVED': 'SYN_RECV',
  ESTABLISHED: 'ESTABLISHED',
  'FIN-WAIT-1': 'FIN_WAIT1',
  'FIN-WAIT-2': 'FIN_WAIT2',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  CLOSING: 'CLOSING',
  'LAST-ACK': 'LAST_ACK',
  'TIME-WAIT': 'TIME_WAIT',
}

const HEADING = 'Proto Recv-Q Send-Q Local Address           Foreign Address         State      '

/** The table of `netstat -n` (net-tools 2.10), to the column. */
export const formatNetstat = (rows: readonly SocketRow[], options: NetstatOptions): string =>
  formatHeading(options) + formatRows(rows, options)

/** The two lines above the rows. */
export const formatHeading = (options: NetstatOptions): string =>
  `Active Internet connections ${titleOf(options)}\n${HEADING}\n`

/** A line for each row that is to be shown. */
export function formatRows(rows: readonly SocketRow[], options: NetstatOptions): string {
  const both = options.tcp !== true && options.udp !== true
  const shown = rows.filter((row) => (both || options[row.protocol] === true) && isWanted(row, options))
  return shown.map((row) => `${formatRow(row)}\n`).join('')
}

function titleOf(options: NetstatOptions): string {
  if (options.all) return '(servers and established)'
  return options.listening ? '(only servers)' : '(w/o servers)'
}

function isWanted(row: SocketRow, options: NetstatOptions): boolean {
  if (options.all) return true
  const isServer = row.state === 'LISTEN' || row.state === undefined
  return isServer === (options.listening === true)
}

function formatRow(row: SocketRow): string {
  const sendQueue = row.state === 'LISTEN' ? 0 : row.sendQueue
  return [
    row.protocol.padEnd(5),
    String(row.receiveQueue).padStart(6),
    String(sendQueue).padStart(6),
    endpoint(row.local, row.localPort).padEnd(23),
    endpoint(row.remote, row.remotePort).padEnd(23),
    (row.state === undefined ? '' : NAMES[row.state]).padEnd(11),
  ].join(' ')
}

const endpoint = (address: number, port: number): string =>
  `${formatAddress(address)}:${port === 0 ? '*' : port}`
