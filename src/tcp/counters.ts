/** TCP's counters, with the names and meanings of Linux's `Tcp:` in /proc/net/snmp and `TcpExt:` in /proc/net/netstat. */
export class TcpCounters {
  // Tcp:
  ActiveOpens = 0
  PassiveOpens = 0
  AttemptFails = 0
  EstabResets = 0
  InSegs = 0
  OutSegs = 0
  RetransSegs = 0
  InErrs = 0
  OutRsts = 0
  InCsumErrors = 0
  // TcpExt:
  DelayedACKLost = 0
  DelayedACKs = 0
  EmbryonicRsts = 0
  ListenDrops = 0
  ListenOverflows = 0
  OutOfWindowIcmps = 0
  PAWSActive = 0
  PAWSEstab = 0
  OfoPruned = 0
  PruneCalled = 0
  RcvPruned = 0
  TCPAbortFailed = 0
  TCPAbortOnClose = 0
  TCPAbortOnData = 0
  TCPAbortOnLinger = 0
  TCPAbortOnMemory = 0
  TCPAbortOnTimeout = 0
  TCPACKSkippedChallenge = 0
  TCPACKSkippedSeq = 0
  TCPACKSkippedTimeWait = 0
  TCPChallengeACK = 0
  TCPDSACKOfoRecv = 0
  TCPDSACKOfoSent = 0
  TCPDSACKOldSent = 0
  TCPDSACKRecv = 0
  TCPDSACKUndo = 0
  TCPDeferAcceptDrop = 0
  TCPFastRetrans = 0
  TCPFromZeroWindowAdv = 0
  TCPKeepAlive = 0
  TCPFullUndo = 0
  TCPLossProbeRecovery = 0
  TCPLossProbes = 0
  TCPLossUndo = 0
  TCPPartialUndo = 0
  TCPLostRetransmit = 0
  TCPMTUPFail = 0
  TCPMTUPSuccess = 0
  TCPMemoryPressures = 0
  TCPOFODrop = 0
  TCPOFOMerge = 0
  TCPOFOQueue = 0
  TCPPureAcks = 0
  TCPRcvCoalesce = 0
  TCPRcvQDrop = 0
  TCPRenoFailures = 0
  TCPRenoRecovery = 0
  TCPReqQFullDrop = 0
  TCPSACKDiscard = 0
  TCPSACKReneging = 0
  TCPSACKReorder = 0
  TCPSYNChallenge = 0
  TCPSackRecovery = 0
  TCPSpuriousRTOs = 0
  TCPSlowStartRetrans = 0
  TCPSynRetrans = 0
  TCPTimeouts = 0
  TCPTimeWaitOverflow = 0
  TCPToZeroWindowAdv = 0
  TCPWantZeroWindowAdv = 0
  TCPWinProbe = 0
  TimeWaitOverflow = 0
  TW = 0
  TWRecycled = 0
  /** Ours: segments that RFC 9293 says to drop without an answer, and that Linux does not count by a name. */
  TCPDropNoAck = 0
  TCPDropUnacceptableAck = 0
  TCPDropOutOfWindowRst = 0
  TCPDropBadOption = 0
  /** Ours: connections whose retransmissions reached R1 (RFC 9293 §3.8.3). */
  TCPRetries1 = 0
  /** Ours: exceptions caught inside a turn; each is a bug, and cost one connection. */
  Faults = 0
}
