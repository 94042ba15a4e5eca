import type { Instant } from '../base/time.ts'
import type { IcmpHost } from '../icmp/host.ts'
import type { IpHost } from '../ip/ip.ts'
import { Cast } from '../ip/packet.ts'
import type { SegmentSink, TcpHost } from '../tcp/host.ts'
import type { UdpHost } from '../udp/host.ts'
import type { Outlet } from './outlet.ts'
import type { ReplyRing } from './reply-ring.ts'
import type { Stack } from './stack.ts'

/** What each protocol finds around it: made once for a stack, each from the interface that the protocol declares. */

export const ipHost = (stack: Stack): IpHost => ({
  arena: stack.arena,
  random: stack.random,
  sysctl: stack.sysctls.ip,
  counters: stack.counters.ip,
  routes: stack.routes,
  giveLater: (offset, length) => stack.turnMemory.giveLater(offset, length),
  handOver: (packet) => stack.onReassembled?.(packet) ?? false,
  deliver: (packet, now) => stack.deliver(packet, now),
  reassemblyTimedOut: (packet, now) => stack.reassemblyTimedOut(packet, now),
})

export const icmpHost = (stack: Stack, outlet: Outlet): IcmpHost => ({
  sysctl: stack.sysctls.icmp,
  counters: stack.counters.icmp,
  random: stack.random,
  address: stack.routes.address,
  output: {
    memory: outlet.memory,
    room: () => outlet.room(),
    // May be fragmented on its way, as Linux's ICMP.
    send: (source, destination, protocol, tos, ttl, headerLength, data, dataLength) =>
      outlet.sendDatagram(source, destination, protocol, tos, ttl, headerLength, data, dataLength, false),
  },
  isLocal: (address) => stack.routes.isLocal(address),
  isUnicast: (address) => stack.routes.isUnicast(address),
  deliverError: (error, now) => stack.deliverError(error, now),
})

export const udpHost = (stack: Stack, outlet: Outlet, ring: ReplyRing): UdpHost => ({
  arena: stack.arena,
  sysctl: stack.sysctls.udp,
  core: stack.sysctls.core,
  counters: stack.counters.udp,
  output: {
    memory: outlet.memory,
    get isFull() {
      return ring.isFull
    },
    room: () => outlet.room(),
    send: (source, destination, protocol, tos, ttl, headerLength, data, dataLength, dontFragment) =>
      outlet.sendDatagram(
        source,
        destination,
        protocol,
        tos,
        ttl,
        headerLength,
        data,
        dataLength,
        dontFragment,
      ),
  },
  sourceFor: (remote) => stack.routes.sourceFor(remote),
  isLocal: (address) => stack.routes.isLocal(address),
  address: stack.routes.address,
  isBroadcast: (address) => stack.routes.castOf(address) === Cast.Broadcast,
  mtuTo: () => stack.routes.mtu,
  get discoversPathMtu() {
    return stack.sysctls.ip.ip_no_pmtu_disc === 0
  },
  choosePort: (isFree) => stack.ports.choose((port) => stack.isOwnPort(port) && isFree(port)),
  giveLater: (offset, length) => stack.turnMemory.giveLater(offset, length),
  ready: (owner) => stack.ready(owner),
  wake: () => stack.wake(),
})

export const tcpHost = (stack: Stack, replies: SegmentSink, quietTime: Instant): TcpHost => ({
  arena: stack.arena,
  random: stack.random,
  sysctl: stack.sysctls.tcp,
  profile: stack.profile,
  counters: stack.counters.tcp,
  quietTime,
  replies,
  sourceFor: (remote) => stack.routes.sourceFor(remote),
  isLocal: (address) => stack.routes.isLocal(address),
  isUnicast: (address) => stack.routes.isUnicast(address),
  paths: stack.paths,
  wake: () => stack.wake(),
  onFault: (error) => stack.onFault?.(error),
  receiveMtu: stack.routes.mtu,
})
