/**
 * ICMP's counters, with the names and meanings of Linux's `Icmp:` and `IcmpMsg:` in /proc/net/snmp; at the end ours, for
 * drops to which Linux gives no name.
 */
export class IcmpCounters {
  InMsgs = 0
  InErrors = 0
  InCsumErrors = 0
  InDestUnreachs = 0
  InTimeExcds = 0
  InParmProbs = 0
  InSrcQuenchs = 0
  InRedirects = 0
  InEchos = 0
  InEchoReps = 0
  InTimestamps = 0
  InTimestampReps = 0
  InAddrMasks = 0
  InAddrMaskReps = 0
  OutMsgs = 0
  OutErrors = 0
  OutRateLimitGlobal = 0
  OutRateLimitHost = 0
  OutDestUnreachs = 0
  OutTimeExcds = 0
  OutParmProbs = 0
  OutSrcQuenchs = 0
  OutRedirects = 0
  OutEchos = 0
  OutEchoReps = 0
  OutTimestamps = 0
  OutTimestampReps = 0
  OutAddrMasks = 0
  OutAddrMaskReps = 0
  /** Errors that quote no packet of ours. */
  InForeignQuote = 0
  /** Requests that the settings say to ignore. */
  InIgnored = 0
  /** `IcmpMsg:` InTypeN, by type. */
  readonly InType = new Float64Array(256)
  /** `IcmpMsg:` OutTypeN, by type. */
  readonly OutType = new Float64Array(256)
}
