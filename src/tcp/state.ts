/** The eleven states of RFC 9293 §3.3.2. */
export type State =
  | 'CLOSED'
  | 'LISTEN'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'

/**
 * Every arrow there is: RFC 9293 figure 5 with its three notes, and from each state the way to CLOSED that an abort, a reset or a
 * time-out takes. Note 1 of the figure (SYN-RECEIVED back to LISTEN) is in the SYN cache, where a passive open waits
 * for its handshake: the row is deleted and the listener never left LISTEN.
 */
export const ARROWS: Readonly<Record<State, readonly State[]>> = {
  CLOSED: ['LISTEN', 'SYN-SENT'],
  LISTEN: ['SYN-RECEIVED', 'SYN-SENT', 'CLOSED'],
  'SYN-SENT': ['SYN-RECEIVED', 'ESTABLISHED', 'CLOSED'],
  'SYN-RECEIVED': ['LISTEN', 'ESTABLISHED', 'FIN-WAIT-1', 'CLOSE-WAIT', 'CLOSED'],
  ESTABLISHED: ['FIN-WAIT-1', 'CLOSE-WAIT', 'CLOSED'],
  'FIN-WAIT-1': ['FIN-WAIT-2', 'CLOSING', 'TIME-WAIT', 'CLOSED'],
  'FIN-WAIT-2': ['TIME-WAIT', 'CLOSED'],
  'CLOSE-WAIT': ['LAST-ACK', 'CLOSED'],
  CLOSING: ['TIME-WAIT', 'CLOSED'],
  'LAST-ACK': ['CLOSED'],
  'TIME-WAIT': ['CLOSED'],
}

/** The states in which a connection may stay for as long as its user likes. */
export const isLasting = (state: State): boolean =>
  state === 'ESTABLISHED' || state === 'CLOSE-WAIT' || state === 'FIN-WAIT-2'

/** Our SYN has been acknowledged and the peer's received. */
export const isSynchronized = (state: State): boolean =>
  state !== 'CLOSED' && state !== 'LISTEN' && state !== 'SYN-SENT' && state !== 'SYN-RECEIVED'

/** What counts as an open connection for statistics (tcpCurrEstab of RFC 4022). */
export const isOpen = (state: State): boolean => state === 'ESTABLISHED' || state === 'CLOSE-WAIT'

/** The peer may still send data. */
export const canReceive = (state: State): boolean =>
  state === 'ESTABLISHED' || state === 'FIN-WAIT-1' || state === 'FIN-WAIT-2'

/** The user may still send data, now or after the handshake. */
export const canSend = (state: State): boolean =>
  state === 'ESTABLISHED' || state === 'CLOSE-WAIT' || state === 'SYN-SENT' || state === 'SYN-RECEIVED'

/** How a connection ended (MUST-12); the socket layer gives each its errno. */
export type CloseReason =
  /** Both sides sent FIN, and ours was acknowledged. */
  | 'closed'
  /** The peer reset it. */
  | 'reset'
  /** The peer refused to open it. */
  | 'refused'
  /** Retransmissions, probes or keep-alives went unanswered. */
  | 'timeout'
  /** Our user aborted it. */
  | 'aborted'
  /** ICMP errors that end an open in progress (RFC 1122 §4.2.3.9), as Linux names them. */
  | 'net-unreachable'
  | 'host-unreachable'
  | 'protocol-unreachable'
  | 'prohibited'
  | 'host-down'
  | 'host-isolated'
  | 'source-route-failed'
  | 'protocol-error'
  /** A fault in the stack itself. */
  | 'fault'
