/** UDP's counters, with the names and meanings of Linux's `Udp:` in /proc/net/snmp. */
export class UdpCounters {
  InDatagrams = 0
  NoPorts = 0
  InErrors = 0
  OutDatagrams = 0
  RcvbufErrors = 0
  SndbufErrors = 0
  InCsumErrors = 0
  /** Broadcasts and multicasts for which no socket was bound. */
  IgnoredMulti = 0
  /** Datagrams dropped because all queues together had reached `udp_mem`, or the arena was full. */
  MemErrors = 0
}
