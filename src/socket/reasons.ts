import type { CloseReason } from '../tcp/state.ts'
import type { UdpOutcome } from '../udp/outcome.ts'
import { Errno } from './errno.ts'

/** The errno of each way in which a connection can end; 0: none, the stream simply ends. */
const REASONS: Readonly<Record<CloseReason, number>> = {
  closed: 0,
  reset: Errno.ECONNRESET,
  refused: Errno.ECONNREFUSED,
  timeout: Errno.ETIMEDOUT,
  aborted: Errno.ECONNABORTED,
  'net-unreachable': Errno.ENETUNREACH,
  'host-unreachable': Errno.EHOSTUNREACH,
  'host-down': Errno.EHOSTDOWN,
  'host-isolated': Errno.ENONET,
  'source-route-failed': Errno.EOPNOTSUPP,
  'protocol-error': Errno.EPROTO,
  'protocol-unreachable': Errno.ENOPROTOOPT,
  prohibited: Errno.EHOSTUNREACH,
  fault: Errno.EIO,
}

export const errnoOfReason = (reason: CloseReason): number => REASONS[reason]

/** The errno of each outcome of a UDP call; 0 for success. */
const OUTCOMES: Readonly<Record<UdpOutcome, number>> = {
  done: 0,
  wouldBlock: Errno.EAGAIN,
  noRoute: Errno.ENETUNREACH,
  noDestination: Errno.EDESTADDRREQ,
  noMemory: Errno.ENOBUFS,
  messageTooLong: Errno.EMSGSIZE,
  addressInUse: Errno.EADDRINUSE,
  addressNotAvailable: Errno.EADDRNOTAVAIL,
  noFreePort: Errno.EADDRINUSE,
  alreadyBound: Errno.EINVAL,
  refused: Errno.ECONNREFUSED,
  networkUnreachable: Errno.ENETUNREACH,
  hostUnreachable: Errno.EHOSTUNREACH,
  hostDown: Errno.EHOSTDOWN,
  hostIsolated: Errno.ENONET,
  noProtocol: Errno.ENOPROTOOPT,
  protocolError: Errno.EPROTO,
}

export const errnoOfOutcome = (outcome: UdpOutcome): number => OUTCOMES[outcome]
