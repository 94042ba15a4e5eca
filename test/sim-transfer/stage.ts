import { Arena } from '../../src/base/arena.ts'
import { MINUTE, NEVER, SECOND } from '../../src/base/time.ts'
import type { CaptureWriter } from '../../src/device/capture.ts'
import { World } from '../../src/sim/world.ts'
import { IpOption, Level, Msg, SocketOption, TcpOption } from '../../src/socket/constants.ts'
import { Errno } from '../../src/socket/errno.ts'
import { SocketAddress } from '../../src/socket/socket.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import type { Counters } from '../../src/stack/counters.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'
import type { SequenceSource } from '../../src/tcp/isn.ts'
import { FREEBSD, LINUX } from '../../src/tcp/profile.ts'
import { add, type Seq } from '../../src/wire/seq.ts'
import { A, addHost, B, type SocketHost } from '../support/sim-world.ts'
import { Actor } from './actor.ts'
import type { Conduct, Plan, Side, SocketChoices } from './plan.ts'
import { Referee } from './referee.ts'
import { Road } from './road.ts'

/** Nobody waits longer than this for anything: keep-alive begins after two hours. */
const PATIENCE = 24 * 60 * MINUTE
const SERVER_PORT = 7
const CLIENT_PORT = 40_000
/** How often a client looks whether its pair of ports is free again. */
const RETRY = SECOND
const RETRIES = 10_000

/** What remained when nothing more happened. */
export interface Remains {
  flows: number
  connections: number
  established: number
  orphans: number
  handshakes: number
  timeWait: number
  sockets: number
  nextDeadline: number
  /** The row of timers that the next connection would get: 0 to the number of those that there were. */
  isTimerFree: boolean
  /** Bytes of TCP's queues, and of the arena more than before. */
  queues: number
  memory: number
  faults: number
}

export const NOTHING_REMAINS: Remains = {
  flows: 0,
  connections: 0,
  established: 0,
  orphans: 0,
  handshakes: 0,
  timeWait: 0,
  sockets: 0,
  nextDeadline: NEVER,
  isTimerFree: true,
  queues: 0,
  memory: 0,
  faults: 0,
}

/** A host that may crash: its place on the network, and the machine that stands there now. */
class Place {
  host: SocketHost
  readonly side: Side
  readonly name: string
  readonly #world: World
  readonly #address: number
  readonly #arena: Arena
  #used = 0

  constructor(world: World, name: string, address: number, side: Side) {
    this.#world = world
    this.name = name
    this.#address = address
    this.side = side
    this.#arena = new Arena(side.arena)
    this.host = this.#start(0)
  }

  get arena(): Arena {
    return this.#arena
  }

  crash(): void {
    const { hosts } = this.#world
    hosts.splice(hosts.indexOf(this.host), 1)
  }

  restart(): void {
    this.#arena.reset()
    this.host = this.#start(this.#world.now + this.side.quietTime)
  }

  remains(): Remains {
    const { tcp, counters } = this.host.stack
    return {
      flows: tcp.flows.size,
      connections: [...tcp.connections()].length,
      established: tcp.establishedCount,
      orphans: tcp.orphanCount,
      handshakes: tcp.synCache.size,
      timeWait: tcp.timeWait.size,
      sockets: this.host.sockets.open.size,
      nextDeadline: this.host.stack.nextDeadline(),
      isTimerFree: tcp.timers.next() === NEVER,
      queues: tcp.memory.used,
      memory: this.#arena.used - this.#used,
      faults: counters.stack.Faults + counters.tcp.Faults,
    }
  }

  #start(quietTime: number): SocketHost {
    const { side, name } = this
    const profile = side.profile === 'linux' ? LINUX : FREEBSD
    const values = new Sysctls(profile)
    Object.assign(values.tcp, side.sysctl)
    const host = addHost(this.#world, {
      name,
      address: this.#address,
      arena: this.#arena,
      mtu: side.mtu,
      segmentationOffload: side.offload,
      profile: { ...profile },
      sysctls: values,
      quietTime,
    })
    beginLate(host.stack.tcp.source, side)
    this.#used = this.#arena.used
    return host
  }
}

/** Has the numbers of the first connections, and the clock of timestamps, wrap soon. */
function beginLate(source: SequenceSource, side: Side): void {
  const { beforeWrap, beforeClockWrap, clockWrap = 0 } = side
  if (beforeClockWrap !== undefined) source.timestampOffset = () => (clockWrap - beforeClockWrap) | 0
  if (beforeWrap === undefined) return
  const original = source.initial.bind(source)
  let shift: number | undefined
  source.initial = (...args): Seq => {
    const number = original(...args)
    shift ??= (-number - beforeWrap) | 0
    return add(number, shift)
  }
}

export interface Outcome {
  plan: Plan
  world: World
  /** Users of connections that were opened, and of those that were accepted, in this order. */
  clients: Actor[]
  servers: Actor[]
  /** Of hosts that crashed; they know nothing any more. */
  dead: Set<Actor>
  remains: Remains[]
  counters: Counters[]
  roads: Road[]
  referee: Referee
}

export interface Captures {
  client: CaptureWriter
  server: CaptureWriter
}

/** Lets the plan happen until nothing more does. */
export function play(plan: Plan, captures?: Captures): Outcome {
  return new Stage(plan, captures).play()
}

class Stage {
  readonly #plan: Plan
  readonly #world: World
  readonly #a: Place
  readonly #b: Place
  readonly #forth: Road
  readonly #back: Road
  readonly #clients: Actor[] = []
  readonly #servers: Actor[] = []
  readonly #dead = new Set<Actor>()
  readonly #referee = new Referee()
  readonly #longest: number
  #listener: StreamSocket | undefined

  constructor(plan: Plan, captures: Captures | undefined) {
    this.#plan = plan
    this.#world = new World({ seed: plan.seed })
    this.#a = new Place(this.#world, 'client', A, plan.client)
    this.#b = new Place(this.#world, 'server', B, plan.server)
    this.#forth = new Road(this.#b.arena, this.#world.random, plan.forth)
    this.#back = new Road(this.#a.arena, this.#world.random, plan.back)
    this.#forth.back = this.#back
    this.#back.back = this.#forth
    this.#forth.witness = this.#referee.witness('client', plan.client.mtu)
    this.#back.witness = this.#referee.witness('server', plan.server.mtu)
    this.#forth.departures = captures?.client
    this.#back.arrivals = captures?.client
    this.#back.departures = captures?.server
    this.#forth.arrivals = captures?.server
    this.#longest = Math.max(...[...plan.clientConduct, ...plan.serverConduct].map(({ length }) => length))
    this.#plug(this.#a)
    this.#plug(this.#b)
  }

  play(): Outcome {
    const world = this.#world
    this.#schedule()
    if (!this.#plan.isSimultaneous) this.#listen()
    for (let lane = 0; lane < this.#plan.lanes; lane++) this.#begin(lane, 0)
    world.runUntilIdle(PATIENCE)
    this.#listener?.close()
    world.runUntilIdle(PATIENCE)
    // Blocks that a turn's output still reads are given back by the next.
    for (const { host } of [this.#a, this.#b]) host.stack.wake()
    world.runUntilIdle(PATIENCE)
    return {
      plan: this.#plan,
      world,
      clients: this.#clients,
      servers: this.#servers,
      dead: this.#dead,
      remains: [this.#a.remains(), this.#b.remains()],
      counters: [this.#a.host.stack.counters, this.#b.host.stack.counters],
      roads: [this.#forth, this.#back],
      referee: this.#referee,
    }
  }

  #plug(place: Place): void {
    const isClient = place === this.#a
    const { device } = place.host
    device.sendTo(isClient ? B : A, isClient ? this.#forth : this.#back)
    device.receiveFrom(isClient ? this.#back : this.#forth)
    const incoming = isClient ? this.#back : this.#forth
    incoming.takesSuperSegments = place.side.offload
  }

  /** What the network and fate have in store. */
  #schedule(): void {
    const world = this.#world
    const { forth, back, outages, crashes } = this.#plan
    for (const [road, way] of [
      [this.#forth, forth],
      [this.#back, back],
    ] as const) {
      for (const { at, mtu } of way.narrows) world.at(at, () => (road.mtu = mtu))
    }
    for (const { at, lasts, way } of outages) {
      const cut = (more: number) => () => {
        if (way !== 'back') this.#forth.cuts += more
        if (way !== 'forth') this.#back.cuts += more
      }
      world.at(at, cut(1))
      world.at(at + lasts, cut(-1))
    }
    for (const { at, lasts, side } of crashes) {
      world.at(at, () => this.#crash(side === 'client'))
      world.at(at + lasts, () => this.#restart(side === 'client'))
    }
  }

  #crash(isClient: boolean): void {
    const [place, actors] = isClient
      ? ([this.#a, this.#clients] as const)
      : ([this.#b, this.#servers] as const)
    const incoming = isClient ? this.#back : this.#forth
    incoming.clear()
    incoming.cuts++
    place.crash()
    this.#referee.forget()
    for (const actor of actors) {
      if (!actor.isClosed) actor.dies()
      this.#dead.add(actor)
    }
    if (!isClient) this.#listener = undefined
  }

  #restart(isClient: boolean): void {
    const place = isClient ? this.#a : this.#b
    place.restart()
    this.#plug(place)
    const incoming = isClient ? this.#back : this.#forth
    incoming.cuts--
    if (isClient) for (let lane = 0; lane < this.#plan.lanes; lane++) this.#begin(lane, this.#plan.rounds - 1)
    else if (!this.#plan.isSimultaneous) this.#listen()
  }

  #listen(): void {
    const world = this.#world
    const listener = this.#b.host.sockets.stream()
    configure(listener, this.#plan.server.socket)
    if (this.#plan.fastOpen) listener.setsockopt(Level.Tcp, TcpOption.FastOpen, 5)
    listener.bind(0, SERVER_PORT)
    listener.listen(this.#plan.backlog)
    this.#listener = listener
    const accept = () => {
      if (world.now < this.#plan.acceptsFrom || listener !== this.#listener) return
      for (let s = listener.accept(); typeof s !== 'number'; s = listener.accept()) this.#accepted(s)
    }
    listener.onReady = accept
    if (this.#plan.acceptsFrom > world.now) world.at(this.#plan.acceptsFrom, accept)
  }

  #accepted(socket: StreamSocket): void {
    const peer = new SocketAddress()
    const lane = socket.getpeername(peer) === 0 ? peer.port - CLIENT_PORT : 0
    this.#serve(socket, lane).work()
  }

  #serve(socket: StreamSocket, lane: number): Actor {
    const conduct = this.#plan.serverConduct[lane] ?? this.#plan.serverConduct[0]!
    return this.#act(this.#servers, `server ${this.#servers.length}`, socket, conduct, 500_000)
  }

  #act(actors: Actor[], name: string, socket: StreamSocket, conduct: Conduct, salt: number): Actor {
    const seed = this.#plan.seed * 1_000_003 + salt + actors.length
    const actor = new Actor(name, socket, conduct, seed, this.#longest, this.#world)
    actors.push(actor)
    return actor
  }

  /** The client's next connection in a lane; tries again while the pair of ports is not free. */
  #begin(lane: number, round: number, tries = 0): void {
    const host = this.#a.host
    if (!this.#world.hosts.includes(host)) return
    const again = (after: number, next: number, count: number) => {
      this.#world.at(this.#world.now + after, () => {
        if (host === this.#a.host) this.#begin(lane, next, count)
      })
    }
    const socket = this.#open(this.#a, CLIENT_PORT + lane)
    const conduct = this.#plan.clientConduct[lane]!
    const begun = this.#plan.fastOpen ? 0 : socket.connect(B, SERVER_PORT)
    if (begun !== 0 && begun !== -Errno.EINPROGRESS) {
      socket.close()
      if (tries === RETRIES) throw new Error(`the ports of lane ${lane} do not become free: ${begun}`)
      again(RETRY, round, tries + 1)
      return
    }
    const name = `client ${lane}.${round}`
    const actor = this.#act(this.#clients, name, socket, conduct, 0)
    if (this.#plan.fastOpen && !this.#connectAndSend(actor)) {
      actor.dies()
      socket.close()
      this.#clients.pop()
      if (tries === RETRIES) throw new Error(`the ports of lane ${lane} do not become free`)
      again(RETRY, round, tries + 1)
      return
    }
    actor.onClose = () => {
      if (round + 1 < this.#plan.rounds) again(this.#plan.gap, round + 1, 0)
    }
    if (this.#plan.isSimultaneous) this.#meet(lane)
  }

  /** sendto() with MSG_FASTOPEN. False: the pair of ports is not free. */
  #connectAndSend(actor: Actor): boolean {
    const { socket, toSend, conduct } = actor
    const count = Math.min(conduct.chunk, toSend.length)
    const sent = socket.sendTo(toSend, 0, count, B, SERVER_PORT, Msg.FastOpen)
    if (sent > 0) actor.sentLength += sent
    return sent >= 0 || sent === -Errno.EINPROGRESS
  }

  /** The server connects too. */
  #meet(lane: number): void {
    if (!this.#world.hosts.includes(this.#b.host)) return
    const socket = this.#open(this.#b, SERVER_PORT)
    const begun = socket.connect(A, CLIENT_PORT + lane)
    if (begun === -Errno.EINPROGRESS) this.#serve(socket, lane)
    else socket.close()
  }

  #open(place: Place, port: number): StreamSocket {
    const socket = place.host.sockets.stream()
    configure(socket, place.side.socket)
    socket.setsockopt(Level.Socket, SocketOption.ReuseAddress, 1)
    const error = socket.bind(0, port)
    if (error !== 0) throw new Error(`bind: ${error}`)
    return socket
  }
}

/** Keep-alive for all: a reset may be lost, and then nothing but its probes would ever tell that the peer is gone. */
function configure(socket: StreamSocket, choices: SocketChoices): void {
  const set = (level: number, option: number, value: number | boolean | undefined) => {
    if (value !== undefined) socket.setsockopt(level, option, Number(value))
  }
  set(Level.Socket, SocketOption.ReceiveBuffer, choices.receiveBuffer)
  set(Level.Socket, SocketOption.SendBuffer, choices.sendBuffer)
  set(Level.Socket, SocketOption.OobInline, choices.isOutOfBandInline)
  set(Level.Socket, SocketOption.MaxPacingRate, choices.pacingRate)
  set(Level.Tcp, TcpOption.NoDelay, choices.noDelay)
  set(Level.Tcp, TcpOption.Cork, choices.cork)
  set(Level.Tcp, TcpOption.MaxSegment, choices.maxSegment)
  set(Level.Tcp, TcpOption.WindowClamp, choices.windowClamp)
  set(Level.Tcp, TcpOption.QuickAck, choices.quickAck)
  set(Level.Tcp, TcpOption.NotSentLowWater, choices.notSentLowWater)
  set(Level.Tcp, TcpOption.UserTimeout, choices.userTimeout)
  set(Level.Tcp, TcpOption.DeferAccept, choices.deferAccept)
  set(Level.Tcp, TcpOption.KeepIdle, choices.keepIdle)
  set(Level.Socket, SocketOption.KeepAlive, 1)
  set(Level.Ip, IpOption.MtuDiscover, choices.mtuDiscovery)
}
