/**
 * The `net.ipv4.*` and `net.core.*` tunables that UDP reads. Names, units and defaults are Linux's; `udp_mem`, which Linux scales with the
 * machine's memory, is fixed here.
 */
export class UdpSysctls {
  /** Pages of 4096 bytes that receive queues may hold in all: minimum, pressure (both unused), maximum. */
  udp_mem = [2048, 3072, 4096]
}

export class CoreSysctls {
  /** Bytes of a socket's receive queue, and the most that SO_RCVBUF may ask for. */
  rmem_default = 212_992
  rmem_max = 212_992
  /** Bytes that one turn may send from a socket, and the most that SO_SNDBUF may ask for. */
  wmem_default = 212_992
  wmem_max = 212_992
  /** The longest backlog that listen() may ask for. */
  somaxconn = 4096
}
