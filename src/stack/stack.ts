// hot path: receive, advance and transmit run for every packet and every turn.
import type { Arena } from '../base/arena.ts'
import { Column, type PacketTable } from '../base/packet-table.ts'
import { type Random, SeededRandom } from '../base/random.ts'
import { type Instant, sooner } from '../base/time.ts'
import { Icmp } from '../icmp/icmp.ts'
import type { QuotedError } from '../icmp/quote.ts'
import { Identification } from '../ip/identification.ts'
import { Ip } from '../ip/ip.ts'
import type { Packet } from '../ip/packet.ts'
import { PathMtus } from '../ip/path-mtus.ts'
import { Routes } from '../ip/routes.ts'
import { LINUX, type TcpProfile } from '../tcp/profile.ts'
import { Tcp } from '../tcp/tcp.ts'
import { Udp } from '../udp/udp.ts'
import type { Subnet } from '../wire/address.ts'
import { IcmpType, TimeExceededCode, UnreachableCode } from '../wire/icmp.ts'
import { Protocol } from '../wire/ipv4.ts'
import { Counters } from './counters.ts'
import { Exit } from './exit.ts'
import { icmpHost, ipHost, tcpHost, udpHost } from './hosts.ts'
import { Loopback } from './loopback.ts'
import { Outlet } from './outlet.ts'
import type { Owners } from './owners.ts'
import type { PacketSink } from './packet-sink.ts'
import { EphemeralPorts } from './ports.ts'
import { ReadyList, type Runnable } from './ready-list.ts'
import { ReplyRing } from './reply-ring.ts'
import { Sysctls } from './sysctls.ts'
import { TcpInput } from './tcp-input.ts'
import { TurnMemory } from './turn-memory.ts'

/** Packets that may wait for a turn's transmission: answers without a connection, and datagrams of UDP. */
const REPLIES = 1024
const DATAGRAMS = 512

/** A deadline that has always passed: turn again at once. */
const AT_ONCE: Instant = 0

export interface StackOptions {
  /** Where all bytes of packets and streams live, those of the device too. */
  arena: Arena
  /** Our address and its network. */
  address: Subnet
  /** 16 random bytes, or any number for a repeatable run. */
  seed: Uint8Array | number
  /** Largest packet of the device, bytes; 1500 when left out. */
  mtu?: number
  /** Networks reached through the host's end besides our own; everything when left out. */
  routes?: readonly Subnet[]
  sysctls?: Sysctls
  /** TCP says nothing, and takes nothing, before this moment (RFC 9293 §3.4.3); 0 when left out. */
  quietTime?: Instant
  /** Whose choices TCP makes where RFCs leave one; Linux's when left out. The stack's own: it may be changed while it runs. */
  profile?: TcpProfile
  /** Where other stacks serve the address too: whose is what. */
  owners?: Owners | undefined
}

/**
 * A whole TCP/IP stack as a machine without a clock or a device: whoever drives it calls the four verbs in the order of `turn`.
 *
 * receive and advance take in what has come and what is due; applications then run, and transmit lets everyone speak.
 */
export class Stack {
  readonly arena: Arena
  readonly random: Random
  readonly sysctls: Sysctls
  readonly profile: TcpProfile
  readonly counters = new Counters()
  readonly routes: Routes
  readonly paths: PathMtus
  readonly ports: EphemeralPorts
  readonly turnMemory: TurnMemory
  readonly owners: Owners | undefined
  readonly ip: Ip
  readonly icmp: Icmp
  readonly udp: Udp
  readonly tcp: Tcp
  /** Called once when something outside a turn wants a turn. */
  onWake: (() => void) | undefined
  /** Called with what was thrown in a turn: a bug. The turn goes on. */
  onFault: ((error: unknown) => void) | undefined
  /** Called with a datagram put together from fragments; true when another stack gets it. */
  onReassembled: ((packet: Packet) => boolean) | undefined
  readonly #loopback: Loopback
  readonly #replies: ReplyRing
  readonly #datagrams: ReplyRing
  readonly #exit: Exit
  readonly #segments: Outlet
  readonly #tcpInput: TcpInput
  readonly #readyList = new ReadyList()
  #isInTurn = false
  #isWakeAsked = false

  constructor(options: StackOptions) {
    const { arena, mtu = 1500 } = options
    const { counters } = this
    this.arena = arena
    this.owners = options.owners
    this.random = new SeededRandom(options.seed)
    this.profile = options.profile ?? { ...LINUX }
    this.sysctls = options.sysctls ?? new Sysctls(this.profile)
    this.routes = new Routes(options.address, mtu, options.routes)
    this.paths = new PathMtus(mtu, this.sysctls.route)
    this.ports = new EphemeralPorts(this.sysctls.ports, this.random)
    this.turnMemory = new TurnMemory(arena)
    this.#loopback = new Loopback(arena, this.turnMemory)
    this.#replies = new ReplyRing(arena, REPLIES, mtu, () => counters.stack.RepliesDropped++)
    this.#datagrams = new ReplyRing(arena, DATAGRAMS, mtu, () => counters.stack.RepliesDropped++)
    this.#exit = new Exit(this.routes, this.#loopback, counters.ip, counters.stack, this.#replies)
    const context = {
      sysctl: this.sysctls.ip,
      counters: counters.ip,
      identification: new Identification(this.random),
      broadcast: this.routes.broadcast,
    }
    const replies = new Outlet(context, this.#replies)
    this.#segments = new Outlet(context, this.#exit)
    this.#tcpInput = new TcpInput(counters.stack, counters.tcp)
    this.ip = new Ip(ipHost(this))
    this.icmp = new Icmp(icmpHost(this, replies))
    this.udp = new Udp(udpHost(this, new Outlet(context, this.#datagrams), this.#datagrams))
    this.tcp = new Tcp(tcpHost(this, replies, options.quietTime ?? 0))
  }

  /** Before a turn's packets are handed in: whether whoever drives the stack has left more behind them. */
  set isBehind(isBehind: boolean) {
    this.tcp.turn.isBehind = isBehind
  }

  /** Takes in the packet in `row`, whose bytes lie in the arena until the turn's end. */
  receive(table: PacketTable, row: number, now: Instant): void {
    this.#beginTurn()
    this.#receive(table, row, false, now)
  }

  /** Takes in what we sent to ourselves, and runs the timers that are due. */
  advance(now: Instant): void {
    this.#beginTurn()
    const looped = this.#loopback.table
    for (let row = 0; row < looped.count; row++) this.#receive(looped, row, true, now)
    this.#loopback.clear()
    try {
      this.ip.advance(now)
      this.tcp.advance(now)
    } catch (error) {
      this.#fault(error)
    }
  }

  /** Runs the applications that something became ready for. */
  runApplications(): void {
    this.#readyList.begin()
    for (let isDone = false; !isDone; ) {
      try {
        isDone = this.#readyList.runAll()
      } catch (error) {
        this.#fault(error)
      }
    }
  }

  /** Hands to the device what there is to say. It must be flushed before the stack is called again. */
  transmit(sink: PacketSink, now: Instant): void {
    this.#exit.aim(sink)
    try {
      this.tcp.transmit(this.#segments, now)
    } catch (error) {
      this.#fault(error)
    }
    try {
      // After TCP, which may end connections with resets while it speaks.
      this.#exit.drain(this.#replies)
      this.#exit.drain(this.#datagrams)
      this.udp.transmitted()
    } catch (error) {
      this.#fault(error)
    }
    this.turnMemory.handedOver()
    this.#isInTurn = false
  }

  /** When the next turn is due though no packet comes: NEVER, or a moment that has passed when there is something to do at once. */
  nextDeadline(): Instant {
    if (this.#loopback.table.count > 0 || !this.#readyList.isEmpty || this.tcp.isDirty) return AT_ONCE
    return sooner(this.ip.nextDeadline(), this.tcp.nextDeadline())
  }

  /** Has `owner` run in the next application phase. */
  ready(owner: Runnable): void {
    this.#readyList.add(owner)
    this.wake()
  }

  /** Something is to be sent or done: outside a turn, asks for one. */
  wake(): void {
    if (this.#isInTurn || this.#isWakeAsked) return
    this.#isWakeAsked = true
    this.onWake?.()
  }

  /** Whether segments of this connection come to us; those to ourselves do. */
  isOwnFlow(local: number, localPort: number, remote: number, remotePort: number): boolean {
    const { owners } = this
    if (owners === undefined || this.routes.isLocal(remote)) return true
    return owners.ofFlow(local, remote, (remotePort << 16) | localPort) === owners.self
  }

  /** Whether datagrams to this ephemeral port come to us. */
  isOwnPort(port: number): boolean {
    const { owners } = this
    return owners === undefined || owners.ofPort(port) === owners.self
  }

  /** A whole datagram for us. */
  deliver(packet: Packet, now: Instant): void {
    const counters = this.counters.ip
    switch (packet.header.protocol) {
      case Protocol.Tcp:
        counters.InDelivers++
        this.#tcpInput.receive(packet, this.tcp, now)
        break
      case Protocol.Udp:
        counters.InDelivers++
        if (!this.udp.receive(packet)) {
          this.icmp.report(packet, IcmpType.Unreachable, UnreachableCode.Port, now)
        }
        break
      case Protocol.Icmp:
        counters.InDelivers++
        this.icmp.receive(packet, now)
        break
      default:
        counters.InUnknownProtos++
        this.icmp.report(packet, IcmpType.Unreachable, UnreachableCode.Protocol, now)
    }
  }

  /** An ICMP error about a packet of ours, to whom it concerns (RFC 1122 §3.2.2). */
  deliverError(error: QuotedError, now: Instant): void {
    if (error.protocol === Protocol.Tcp) this.tcp.icmpError(error, now)
    else if (error.protocol === Protocol.Udp) this.udp.icmpError(error)
  }

  reassemblyTimedOut(packet: Packet, now: Instant): void {
    this.icmp.report(packet, IcmpType.TimeExceeded, TimeExceededCode.Reassembly, now)
  }

  #receive(table: PacketTable, row: number, isLooped: boolean, now: Instant): void {
    try {
      this.ip.receive(
        table.memory,
        table.get(row, Column.Head),
        table.get(row, Column.HeadLength),
        table.get(row, Column.Flags),
        table.get(row, Column.GsoSize),
        isLooped,
        now,
      )
    } catch (error) {
      this.#fault(error)
    }
  }

  /** The last turn's output has been flushed. */
  #beginTurn(): void {
    if (this.#isInTurn) return
    this.#isInTurn = true
    this.#isWakeAsked = false
    this.turnMemory.release()
  }

  #fault(error: unknown): void {
    this.counters.stack.Faults++
    this.onFault?.(error)
  }
}
