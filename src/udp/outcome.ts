import { IcmpType, UnreachableCode } from '../wire/icmp.ts'

/** How a call ended; the socket layer has an errno for each. */
export type UdpOutcome =
  | 'done'
  | 'wouldBlock'
  | 'noRoute'
  | 'noDestination'
  | 'noMemory'
  | 'messageTooLong'
  | 'addressInUse'
  | 'addressNotAvailable'
  | 'noFreePort'
  | 'alreadyBound'
  | UdpFault

/** What an ICMP error says about what a socket sent. */
export type UdpFault =
  | 'refused'
  | 'networkUnreachable'
  | 'hostUnreachable'
  | 'hostDown'
  | 'hostIsolated'
  | 'noProtocol'
  | 'protocolError'
  | 'messageTooLong'

const UNREACHABLE: Record<number, UdpFault> = {
  [UnreachableCode.Protocol]: 'noProtocol',
  [UnreachableCode.Port]: 'refused',
  [UnreachableCode.FragmentationNeeded]: 'messageTooLong',
  [UnreachableCode.NetUnknown]: 'networkUnreachable',
  [UnreachableCode.HostUnknown]: 'hostDown',
  [UnreachableCode.HostIsolated]: 'hostIsolated',
  [UnreachableCode.NetProhibited]: 'networkUnreachable',
  [UnreachableCode.HostProhibited]: 'hostUnreachable',
  [UnreachableCode.AdministrativelyProhibited]: 'hostUnreachable',
  [UnreachableCode.PrecedenceViolation]: 'hostUnreachable',
  [UnreachableCode.PrecedenceCutoff]: 'hostUnreachable',
}

/**
 * What a connected socket is told of an ICMP error: only what is final, as on Linux. Net and host unreachable, time exceeded and a failed
 * source route may pass (RFC 1122 §3.2.2.1), and are undefined here.
 */
export function faultOf(type: number, code: number): UdpFault | undefined {
  if (type === IcmpType.ParameterProblem) return 'protocolError'
  return type === IcmpType.Unreachable ? UNREACHABLE[code] : undefined
}
