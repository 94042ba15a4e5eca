import fc from 'fast-check'
import { Arena } from '../../src/base/arena.ts'
import { MILLISECOND, MINUTE, NEVER, SECOND } from '../../src/base/time.ts'
import type { Impairments } from '../../src/device/impairments.ts'
import type { LinkDirection } from '../../src/sim/link.ts'
import { World } from '../../src/sim/world.ts'
import { Level, SocketOption, TcpOption } from '../../src/socket/constants.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'
import { controllerNames } from '../../src/tcp/controllers.ts'
import type { TcpCounters } from '../../src/tcp/counters.ts'
import { A, addHost, B, type SocketHost } from '../support/sim-world.ts'
import { type Manner, Party } from './parties.ts'

/** Two ends, what each does, and what lies between them. */
export interface Scenario {
  seed: number
  client: Manner
  server: Manner
  forth: LinkDirection
  back: LinkDirection
  mtu: number
  /** SO_RCVBUF of both ends; 0: the default. */
  receiveBuffer: number
  sack: boolean
  timestamps: boolean
  scaling: boolean
  controller: string
  nagle: boolean
  /** Both ends connect, at the same moment. */
  isSimultaneous: boolean
}

const PORT = 7
/** Nobody waits longer than this for anything: all timers of TCP together are shorter. */
const PATIENCE = 120 * MINUTE
const ARENA = 8 * 1024 * 1024

/** A probability in whole thousandths: doubles as fast-check draws them are nearly all next to nothing. */
const share = (most: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: most * 1000 }).map((thousandths) => thousandths / 1000),
  )

const impairments: fc.Arbitrary<Partial<Impairments>> = fc.record({
  loss: share(0.2),
  reorder: share(0.3),
  duplicate: share(0.2),
  corrupt: share(0.05),
})

const direction: fc.Arbitrary<LinkDirection> = fc.record({
  impairments,
  delay: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 * MILLISECOND })),
  rate: fc.oneof(fc.constant(0), fc.integer({ min: 200_000, max: 100_000_000 })),
  queue: fc.oneof(fc.constant({}), fc.record({ packets: fc.integer({ min: 4, max: 100 }) })),
})

const manner = (endings: Manner['ending'][], longest: number): fc.Arbitrary<Manner> =>
  fc.record({
    length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: longest })),
    chunk: fc.oneof(fc.integer({ min: 500, max: 65_536 }), fc.integer({ min: 64, max: 500 })),
    ending: fc.constantFrom(...endings),
    leavesAt: fc.oneof(fc.integer({ min: 0, max: SECOND }), fc.integer({ min: 0, max: 20 * SECOND })),
    readsFrom: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 * SECOND })),
  })

/** Scenarios in which the client ends in one of these manners. */
export const scenarios = (
  client: Manner['ending'][],
  server: Manner['ending'][],
  longest: number,
): fc.Arbitrary<Scenario> =>
  fc.record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    client: manner(client, longest),
    server: manner(server, longest),
    forth: direction,
    back: direction,
    mtu: fc.constantFrom(1500, 576, 296),
    receiveBuffer: fc.constantFrom(0, 1, 4096, 20_000),
    sack: fc.boolean(),
    timestamps: fc.boolean(),
    scaling: fc.boolean(),
    controller: fc.constantFrom(...controllerNames()),
    nagle: fc.boolean(),
    isSimultaneous: fc.constant(false),
  })

/** What remained when nothing more happened. */
export interface Remains {
  flows: number
  connections: number
  timeWait: number
  sockets: number
  nextDeadline: number
  /** The row of timers that the next connection would get: the one that the only connection had. */
  timerRow: number
  /** Bytes of the arena more than before. */
  memory: number
  faults: number
}

export interface Outcome {
  world: World
  client: Party
  /** Undefined when no connection came to be accepted. */
  server: Party | undefined
  remains: Remains[]
  /** Of both ends. */
  counters: TcpCounters[]
}

/** Lets the scenario happen until nothing more does. */
export function play(scenario: Scenario): Outcome {
  const { seed, client, server, forth, back, mtu } = scenario
  const world = new World({ seed })
  const host = { mtu, sysctls: sysctls(scenario) }
  const a = addHost(world, { ...host, address: A, name: 'client', arena: new Arena(ARENA) })
  const b = addHost(world, { ...host, address: B, name: 'server', arena: new Arena(ARENA) })
  world.connect(a, b, { ...forth, back })
  const used = [a.arena.used, b.arena.used]
  const begin = (socket: StreamSocket, own: Manner, other: Manner, salt: number): Party => {
    const party = new Party(socket, own, seed + salt, other.length, () => world.now)
    for (const moment of [own.readsFrom, own.leavesAt]) {
      if (moment > world.now) world.at(moment, () => party.work())
    }
    return party
  }
  const open = (at: SocketHost, port: number): StreamSocket => {
    const socket = at.sockets.stream()
    configure(socket, scenario)
    socket.bind(0, port)
    return socket
  }
  const socket = open(a, PORT + 1)
  const other = open(b, PORT)
  const asking = begin(socket, client, server, 1)
  let serving: Party | undefined
  if (scenario.isSimultaneous) {
    serving = begin(other, server, client, 2)
    other.connect(A, PORT + 1)
  } else {
    other.listen(1)
    other.onReady = () => {
      const accepted = other.accept()
      if (typeof accepted === 'number') return
      serving = begin(accepted, server, client, 2)
      serving.work()
      other.close()
    }
  }
  socket.connect(B, PORT)
  world.runUntilIdle(PATIENCE)
  if (!scenario.isSimultaneous) other.close()
  world.runUntilIdle(PATIENCE)
  const remains = [a, b].map((each, i) => remainsOf(each, used[i]!))
  const counters = [a.stack.counters.tcp, b.stack.counters.tcp]
  return { world, client: asking, server: serving, remains, counters }
}

function sysctls(scenario: Scenario): Sysctls {
  const values = new Sysctls()
  values.tcp.tcp_sack = Number(scenario.sack)
  values.tcp.tcp_timestamps = Number(scenario.timestamps)
  values.tcp.tcp_window_scaling = Number(scenario.scaling)
  values.tcp.tcp_congestion_control = scenario.controller
  return values
}

/** Keep-alive on both ends: a reset may be lost, and then nobody but its probes would ever learn that the peer is gone. */
function configure(socket: StreamSocket, scenario: Scenario): void {
  const { receiveBuffer, nagle } = scenario
  if (receiveBuffer > 0) socket.setsockopt(Level.Socket, SocketOption.ReceiveBuffer, receiveBuffer)
  socket.setsockopt(Level.Tcp, TcpOption.NoDelay, nagle ? 0 : 1)
  socket.setsockopt(Level.Tcp, TcpOption.KeepIdle, 60)
  socket.setsockopt(Level.Tcp, TcpOption.KeepInterval, 10)
  socket.setsockopt(Level.Socket, SocketOption.KeepAlive, 1)
}

function remainsOf(host: SocketHost, usedBefore: number): Remains {
  const { tcp } = host.stack
  return {
    flows: tcp.flows.size,
    connections: [...tcp.connections()].length,
    timeWait: tcp.timeWait.size,
    sockets: host.sockets.open.size,
    nextDeadline: host.stack.nextDeadline(),
    timerRow: tcp.timers.allocate(),
    memory: host.arena.used - usedBefore,
    faults: host.stack.counters.stack.Faults + host.stack.counters.tcp.Faults,
  }
}

export const NOTHING_REMAINS: Remains = {
  flows: 0,
  connections: 0,
  timeWait: 0,
  sockets: 0,
  nextDeadline: NEVER,
  timerRow: 0,
  memory: 0,
  faults: 0,
}
