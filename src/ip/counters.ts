/**
 * The network layer's counters, with the names and meanings of Linux's `Ip:` in /proc/net/snmp and `IpExt:` in
 * /proc/net/netstat; at the end ours, for drops to which Linux gives no name.
 */
export class IpCounters {
  // Ip:
  InReceives = 0
  InHdrErrors = 0
  InAddrErrors = 0
  InUnknownProtos = 0
  InDiscards = 0
  InDelivers = 0
  OutRequests = 0
  OutDiscards = 0
  OutNoRoutes = 0
  ReasmTimeout = 0
  ReasmReqds = 0
  ReasmOKs = 0
  ReasmFails = 0
  FragOKs = 0
  FragFails = 0
  FragCreates = 0
  // IpExt:
  InNoRoutes = 0
  InTruncatedPkts = 0
  InMcastPkts = 0
  OutMcastPkts = 0
  InBcastPkts = 0
  OutBcastPkts = 0
  InOctets = 0
  OutOctets = 0
  InMcastOctets = 0
  InBcastOctets = 0
  InCsumErrors = 0
  InNoECTPkts = 0
  InECT1Pkts = 0
  InECT0Pkts = 0
  InCEPkts = 0
  ReasmOverlaps = 0
  /** IPv6 packets, which a TUN device brings unasked; in none of the other counters. */
  InVersion6 = 0
  /** Any other version. */
  InBadVersion = 0
  /** A source that is no single host: broadcast, multicast, class E, the zero net, loopback (RFC 1122 §3.2.1.3). */
  InMartianSrc = 0
  /** Our own address as source of what came from outside (LAND). */
  InOwnSrc = 0
  /** A loopback or zero-net destination from outside. */
  InMartianDst = 0
  /** A multicast group that nobody here has joined. */
  InMcastNotJoined = 0
  /** A source route (RFC 791 §3.1): not followed, as Linux with `accept_source_route` 0. */
  InSourceRouted = 0
  /** Fragments dropped as repetitions of what is there. */
  ReasmDuplicates = 0
}
