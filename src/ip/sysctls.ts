/** The `net.ipv4.*` tunables of the network layer; names, units and defaults are Linux's unless marked as ours. */
export class IpSysctls {
  ip_default_ttl = 64
  /** 0: what leaves has DF set where its sender can make it smaller (RFC 1191); 1: it may be fragmented on its way. */
  ip_no_pmtu_disc = 0
  /** Bytes that unfinished datagrams may take in all. */
  ipfrag_high_thresh = 4_194_304
  /** Bytes that unfinished datagrams of one source may take. Ours. */
  ipfrag_source_thresh = 1_048_576
  /** Seconds that an unfinished datagram is kept. */
  ipfrag_time = 30
}

/** The `net.ipv4.route.*` tunables; names, units and defaults are Linux's. */
export class RouteSysctls {
  /** Seconds after which a path is tried again with larger packets; 0: nothing is learnt of any path. */
  mtu_expires = 600
  /** Routers that want smaller packets are not believed, bytes. */
  min_pmtu = 552
}
