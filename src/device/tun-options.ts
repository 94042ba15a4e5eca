import type { Subnet } from '../wire/address.ts'
import { LinkNumber } from './addon.ts'

export interface TunOptions {
  /** Name, or a pattern (`tun%d`) or nothing: the kernel chooses the number. */
  name?: string | undefined
  /** An open TUN descriptor to adopt; it is closed with the device, but stays the caller's when that could not be opened. What is not asked for stays as it is. */
  fd?: number | undefined
  /** This is one queue of several: others open the same name with the same flag. With `fd`: a queue that we have opened ourselves. */
  multiQueue?: boolean | undefined
  /** Whether the device outlives the process. Without it, as it is. */
  persist?: boolean | undefined
  /** User and group id that may open the device later without privilege. */
  owner?: number | undefined
  group?: number | undefined
  /** Exchange unfinished checksums and TCP segments of up to 64 KB with the kernel. Off by default. */
  offload?: boolean | undefined
  /** Without offload: write many packets by one system call, through io_uring (Linux 6.4), if the kernel lets us. Off by default. */
  ring?: boolean | undefined
  /** Without offload: read TCP segments that follow each other as one of up to 64 KB, as the kernel's generic receive offload does. Off by default. */
  gro?: boolean | undefined
  /** Bytes. */
  mtu?: number | undefined
  /** The kernel's queue towards us, in packets. When left out, at least 4096 where we may (but as it is for `fd`): the kernel's 500 are less than a window. */
  queueLength?: number | undefined
  /** The kernel's end: its address, and the prefix of the network that is reached through the device. */
  hostAddress?: Subnet | undefined
  /** Our address, for a point-to-point link: the prefix then counts from it. */
  peer?: number | undefined
  /** Whether to set the link up (the default, except for an adopted device). */
  up?: boolean | undefined
}

/** The kernel's counters. It receives what we write, and transmits to us. */
export interface LinkCounters {
  rxPackets: number
  txPackets: number
  rxBytes: number
  txBytes: number
  rxErrors: number
  txErrors: number
  rxDropped: number
  /** Lost before we could read them: the queue was full. */
  txDropped: number
}

export interface TunEvents {
  /** A copy of a received packet, from the IP header's first byte. */
  data: [packet: Buffer]
  up: []
  down: []
  /** The device was deleted. It is served again when one of its name is there. */
  gone: []
  /** There is no io_uring, or no longer, because of this errno; packets are written one by one from now on. */
  'no-ring': [error: number]
  close: []
  newListener: [event: string | symbol]
  removeListener: [event: string | symbol]
}

export const countersOf = (n: Float64Array): LinkCounters => ({
  rxPackets: n[LinkNumber.RxPackets]!,
  txPackets: n[LinkNumber.TxPackets]!,
  rxBytes: n[LinkNumber.RxBytes]!,
  txBytes: n[LinkNumber.TxBytes]!,
  rxErrors: n[LinkNumber.RxErrors]!,
  txErrors: n[LinkNumber.TxErrors]!,
  rxDropped: n[LinkNumber.RxDropped]!,
  txDropped: n[LinkNumber.TxDropped]!,
})
