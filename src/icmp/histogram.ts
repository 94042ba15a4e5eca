import { IcmpType } from '../wire/icmp.ts'
import type { IcmpCounters } from './counters.ts'

/** Counts a received message of the type. */
export function countIn(counters: IcmpCounters, type: number): void {
  counters.InType[type] = counters.InType[type]! + 1
  switch (type) {
    case IcmpType.EchoReply:
      counters.InEchoReps++
      break
    case IcmpType.Unreachable:
      counters.InDestUnreachs++
      break
    case IcmpType.SourceQuench:
      counters.InSrcQuenchs++
      break
    case IcmpType.Redirect:
      counters.InRedirects++
      break
    case IcmpType.Echo:
      counters.InEchos++
      break
    case IcmpType.TimeExceeded:
      counters.InTimeExcds++
      break
    case IcmpType.ParameterProblem:
      counters.InParmProbs++
      break
    case IcmpType.Timestamp:
      counters.InTimestamps++
      break
    case IcmpType.TimestampReply:
      counters.InTimestampReps++
      break
    case IcmpType.AddressMask:
      counters.InAddrMasks++
      break
    case IcmpType.AddressMaskReply:
      counters.InAddrMaskReps++
      break
    default:
      if (type > IcmpType.AddressMaskReply) counters.InErrors++ // as Linux counts a type that it does not know
  }
}

/** Counts a message sent: the types that this stack sends. */
export function countOut(counters: IcmpCounters, type: number): void {
  counters.OutType[type] = counters.OutType[type]! + 1
  if (type === IcmpType.EchoReply) counters.OutEchoReps++
  else if (type === IcmpType.Unreachable) counters.OutDestUnreachs++
  else if (type === IcmpType.TimeExceeded) counters.OutTimeExcds++
  else if (type === IcmpType.TimestampReply) counters.OutTimestampReps++
}
