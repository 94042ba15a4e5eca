/** The `net.ipv4.*` tunables of ICMP; names, units and defaults are Linux's. */
export class IcmpSysctls {
  /** 1: no echo request is answered. */
  icmp_echo_ignore_all = 0
  /** 1: echo and timestamp requests to broadcast and multicast are not answered. */
  icmp_echo_ignore_broadcasts = 1
  /** Milliseconds between two errors to one destination, when there are more than a burst of six; 0: no limit. */
  icmp_ratelimit = 1000
  /** Bit set of the types under `icmp_ratelimit`: destination unreachable, source quench, time exceeded, parameter problem. */
  icmp_ratemask = 6168
  /** Messages a second of those types, to all destinations together. */
  icmp_msgs_per_sec = 1000
  /** How many of them may go out at once. */
  icmp_msgs_burst = 50
}
