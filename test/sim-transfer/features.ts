import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import { controllerNames } from '../../src/tcp/controllers.ts'
import type { TcpSysctls } from '../../src/tcp/sysctls.ts'
import { IcmpType } from '../../src/wire/icmp.ts'
import { Draw } from './draw.ts'
import type { Conduct, Plan, Side, Way } from './plan.ts'

/** Something that may be out of the ordinary in a plan, and how often it is. */
interface Feature {
  name: string
  probability: number
  apply(plan: Plan, draw: Draw): void
}

const KEEP_IDLE = 7200
const ARENA = 8 << 20

const sides = (plan: Plan): Side[] => [plan.client, plan.server]
const ways = (plan: Plan): Way[] => [plan.forth, plan.back]
const conducts = (plan: Plan): Conduct[] => [...plan.clientConduct, ...plan.serverConduct]

/** Changes one of two, or both, each in its own way. */
function some<T>(draw: Draw, both: readonly T[], change: (one: T) => void): void {
  const which = draw.integer(1, 3)
  for (const [i, one] of both.entries()) if ((which & (i + 1)) !== 0) change(one)
}

/** Sets sysctls of one or both sides, each to one of the values. */
function sysctls(
  plan: Plan,
  draw: Draw,
  values: { [K in keyof TcpSysctls]?: readonly TcpSysctls[K][] },
): void {
  some(draw, sides(plan), (side) => {
    for (const [name, choices] of Object.entries(values)) {
      Object.assign(side.sysctl, { [name]: draw.pick(...(choices as unknown[])) })
    }
  })
}

function impair(
  plan: Plan,
  draw: Draw,
  name: 'loss' | 'reorder' | 'duplicate' | 'corrupt',
  most: number,
): void {
  some(draw, ways(plan), (way) => {
    way.impairments = { ...way.impairments, [name]: draw.share(most) }
  })
}

/** In this order they are applied: what looks at the lanes comes after what adds some. */
const FEATURES: readonly Feature[] = [
  { name: 'loss', probability: 0.4, apply: (plan, draw) => impair(plan, draw, 'loss', draw.pick(0.02, 0.3)) },
  { name: 'reorder', probability: 0.3, apply: (plan, draw) => impair(plan, draw, 'reorder', 0.4) },
  { name: 'duplicate', probability: 0.2, apply: (plan, draw) => impair(plan, draw, 'duplicate', 0.3) },
  { name: 'corrupt', probability: 0.2, apply: (plan, draw) => impair(plan, draw, 'corrupt', 0.1) },
  {
    name: 'delay',
    probability: 0.7,
    apply(plan, draw) {
      plan.forth.delay = draw.magnitude(10, 400 * MILLISECOND)
      plan.back.delay = draw.chance(0.7) ? plan.forth.delay : draw.magnitude(10, 400 * MILLISECOND)
    },
  },
  {
    name: 'rate',
    probability: 0.3,
    apply(plan, draw) {
      some(draw, ways(plan), (way) => {
        way.rate = draw.magnitude(100_000, 100_000_000)
        if (draw.chance(0.7)) way.queue = { packets: draw.magnitude(4, 200) }
      })
    },
  },
  {
    name: 'mtu',
    probability: 0.25,
    apply(plan, draw) {
      some(draw, sides(plan), (side) => {
        side.mtu = draw.pick(9000, 1400, 576, 296)
      })
    },
  },
  {
    name: 'controllers',
    probability: 0.8,
    apply: (plan, draw) => sysctls(plan, draw, { tcp_congestion_control: controllerNames() }),
  },
  {
    name: 'options',
    probability: 0.4,
    apply: (plan, draw) =>
      sysctls(plan, draw, {
        tcp_sack: [0, 1],
        tcp_dsack: [0, 1],
        tcp_timestamps: [0, 1, 2],
        tcp_window_scaling: [0, 1],
      }),
  },
  {
    name: 'ecn',
    probability: 0.25,
    apply(plan, draw) {
      for (const side of sides(plan)) side.sysctl.tcp_ecn = draw.pick(0, 1, 1, 2)
      some(draw, ways(plan), (way) => {
        way.marks = draw.share(0.3)
      })
    },
  },
  {
    name: 'recovery',
    probability: 0.25,
    apply: (plan, draw) =>
      sysctls(plan, draw, {
        tcp_frto: [0, 2],
        tcp_early_retrans: [0, 3],
        tcp_reordering: [3, 10],
        tcp_slow_start_after_idle: [0, 1],
        tcp_min_tso_segs: [1, 2, 8],
      }),
  },
  {
    name: 'profile',
    probability: 0.25,
    apply(plan, draw) {
      some(draw, sides(plan), (side) => {
        side.profile = 'freebsd'
      })
    },
  },
  {
    name: 'offload',
    probability: 0.3,
    apply(plan, draw) {
      some(draw, sides(plan), (side) => {
        side.offload = true
      })
    },
  },
  {
    name: 'wraps',
    probability: 0.3,
    apply(plan, draw) {
      some(draw, sides(plan), (side) => {
        side.beforeWrap = draw.magnitude(1, 100_000)
      })
      some(draw, sides(plan), (side) => {
        side.beforeClockWrap = draw.magnitude(1, 20_000)
        side.clockWrap = draw.pick(0x7fffffff, 0xffffffff)
      })
    },
  },
  {
    name: 'buffers',
    probability: 0.3,
    apply(plan, draw) {
      some(draw, sides(plan), ({ socket, sysctl }) => {
        const sizes = () => [4096, draw.magnitude(4096, 60_000), draw.magnitude(60_000, 1 << 20)]
        const [receive, send] = [draw.integer(0, 3), draw.integer(0, 3)]
        if (receive > 1) socket.receiveBuffer = draw.magnitude(1, 60_000)
        else if (receive === 1) sysctl.tcp_rmem = sizes()
        if (send > 1) socket.sendBuffer = draw.magnitude(1, 60_000)
        else if (send === 1) sysctl.tcp_wmem = sizes()
        if (draw.chance(0.2)) socket.windowClamp = draw.magnitude(1000, 60_000)
        if (draw.chance(0.2)) socket.notSentLowWater = draw.magnitude(1, 20_000)
        sysctl.tcp_moderate_rcvbuf = draw.pick(0, 1)
      })
    },
  },
  {
    name: 'sockets',
    probability: 0.3,
    apply(plan, draw) {
      some(draw, sides(plan), ({ socket }) => {
        socket.noDelay = draw.chance(0.5)
        socket.cork = draw.chance(0.2)
        if (draw.chance(0.3)) socket.maxSegment = draw.integer(88, 1460)
        if (draw.chance(0.3)) socket.quickAck = draw.pick(0, 1)
        if (draw.chance(0.2)) socket.pacingRate = draw.magnitude(20_000, 10_000_000)
        if (draw.chance(0.1)) socket.mtuDiscovery = draw.pick(0, 2, 3)
      })
    },
  },
  {
    name: 'lanes',
    probability: 0.25,
    apply(plan, draw) {
      plan.lanes = draw.integer(2, 6)
      plan.clientConduct = Array.from({ length: plan.lanes }, () => conduct(draw))
      plan.serverConduct = Array.from({ length: plan.lanes }, () => conduct(draw))
    },
  },
  {
    name: 'rounds',
    probability: 0.2,
    apply(plan, draw) {
      plan.rounds = draw.integer(2, 4)
      plan.gap = draw.pick(0, 1, draw.magnitude(1000, 70 * SECOND))
      sysctls(plan, draw, { tcp_tw_reuse: [0, 1], tcp_rfc1337: [0, 1] })
      // Without TIME-WAIT what was on its way may hit the next connection, the more since here no time passes between the two.
      if (!draw.chance(0.2)) return
      plan.mayFail = true
      sysctls(plan, draw, { tcp_max_tw_buckets: [0, 1] })
    },
  },
  {
    name: 'bulk',
    probability: 0.05,
    apply(plan, draw) {
      draw.pick(...conducts(plan)).length = draw.integer(200_000, 2_000_000)
    },
  },
  {
    name: 'chunks',
    probability: 0.3,
    apply(plan, draw) {
      some(draw, [plan.clientConduct, plan.serverConduct], (all) => {
        for (const one of all) one.chunk = Math.ceil(draw.magnitude(1, 2000) + one.length / 500)
      })
    },
  },
  {
    name: 'slow readers',
    probability: 0.25,
    apply(plan, draw) {
      some(draw, [plan.clientConduct, plan.serverConduct], (all) => {
        for (const one of all) {
          if (draw.chance(0.5)) one.readsFrom = draw.magnitude(1000, 200 * SECOND)
          else one.sip = rests(draw)
        }
      })
    },
  },
  {
    name: 'slow writers',
    probability: 0.2,
    apply(plan, draw) {
      some(draw, [plan.clientConduct, plan.serverConduct], (all) => {
        for (const one of all) {
          one.puff = rests(draw)
          one.moreEvery = draw.pick(0, 0, 1, 3)
        }
      })
    },
  },
  {
    name: 'urgent',
    probability: 0.15,
    apply(plan, draw) {
      some(draw, [plan.clientConduct, plan.serverConduct], (all) => {
        for (const one of all) one.urgentEvery = draw.integer(1, 5)
      })
      for (const { socket } of sides(plan)) socket.isOutOfBandInline = draw.chance(0.5)
    },
  },
  {
    name: 'endings',
    probability: 0.25,
    apply(plan, draw) {
      plan.mayFail = true
      some(draw, [plan.clientConduct, plan.serverConduct], (all) => {
        for (const one of all) {
          one.ending = draw.pick('abort', 'leave', 'leave')
          one.leavesAt = draw.pick(0, draw.magnitude(100, 30 * SECOND))
          one.isAbrupt = draw.chance(0.3)
        }
      })
    },
  },
  {
    name: 'simultaneous',
    probability: 0.1,
    apply(plan) {
      plan.isSimultaneous = true
      // Who comes back first finds nobody.
      plan.mayFail ||= plan.rounds > 1
      // The other end's SYN must not come before it was sent.
      for (const way of ways(plan)) way.delay = (way.delay ?? 0) + 1
    },
  },
  {
    name: 'fast open',
    probability: 0.15,
    apply(plan, draw) {
      plan.fastOpen = true
      for (const { sysctl } of sides(plan)) {
        sysctl.tcp_fastopen = draw.pick(3, 3, 1 | 2 | 4, 3 | 0x200, 3 | 0x400, 1)
        sysctl.tcp_fastopen_blackhole_timeout_sec = draw.pick(0, 0, 100)
      }
    },
  },
  {
    name: 'backlog',
    probability: 0.15,
    apply(plan, draw) {
      // A handshake by cookie may be refused for longer than the cookie lasts, and a peer learns too late that it is not open.
      plan.mayFail = true
      plan.backlog = draw.integer(0, 2)
      if (draw.chance(0.5)) plan.acceptsFrom = draw.magnitude(1000, 20 * SECOND)
      sysctls(plan, draw, {
        tcp_syncookies: [0, 1, 2],
        tcp_max_syn_backlog: [1, 4, 1024],
        tcp_synack_retries: [1, 5],
        tcp_abort_on_overflow: [0, 0, 1],
      })
      if (draw.chance(0.2)) plan.server.socket.deferAccept = draw.integer(1, 10)
    },
  },
  {
    name: 'cookies',
    probability: 0.1,
    apply(plan) {
      plan.mayFail = true
      plan.server.sysctl.tcp_syncookies = 2
    },
  },
  {
    name: 'keepalive',
    probability: 0.2,
    apply(plan, draw) {
      some(draw, sides(plan), ({ socket }) => {
        socket.keepIdle = draw.magnitude(1, 200)
        socket.userTimeout = draw.chance(0.3) ? draw.magnitude(500, 60_000) : 0
        if (socket.userTimeout > 0) plan.mayFail = true
      })
      plan.mayFail ||= ways(plan).some((way) => (way.impairments?.loss ?? 0) > 0)
    },
  },
  {
    name: 'retries',
    probability: 0.15,
    apply(plan, draw) {
      plan.mayFail = true
      sysctls(plan, draw, {
        tcp_retries1: [1, 3],
        tcp_retries2: [2, 5, 15],
        tcp_syn_retries: [1, 6],
        tcp_syn_linear_timeouts: [0, 4],
        tcp_orphan_retries: [0, 1],
        tcp_fin_timeout: [1, 60],
        tcp_max_orphans: [0, 1, 65536],
        tcp_challenge_ack_limit: [1, 0x7fffffff],
        tcp_invalid_ratelimit: [0, 500],
      })
    },
  },
  {
    name: 'memory',
    probability: 0.12,
    apply(plan, draw) {
      some(draw, sides(plan), (side) => {
        if (draw.chance(0.3)) side.arena = 1 << 20
        const pages = draw.magnitude(2, 60)
        side.sysctl.tcp_mem = [pages, pages + draw.integer(0, pages), 2 * pages + draw.integer(0, pages)]
      })
    },
  },
  {
    name: 'path mtu',
    probability: 0.2,
    apply(plan, draw) {
      some(draw, ways(plan), (way) => {
        for (let i = draw.integer(1, 3); i > 0; i--) {
          const at = draw.pick(0, draw.magnitude(1000, 60 * SECOND))
          way.narrows.push({ at, mtu: draw.pick(1500, 1492, 1400, 1280, 1006, 576, 512, 296) })
        }
        way.isOldRouter = draw.chance(0.3)
        way.isSilent = draw.chance(0.3)
        if (way.isSilent) plan.mayFail ||= draw.chance(0.5)
      })
      // What a black hole swallows arrives only where one is looked for.
      if (!plan.mayFail) for (const { sysctl } of sides(plan)) sysctl.tcp_mtu_probing = draw.pick(1, 2)
      else sysctls(plan, draw, { tcp_mtu_probing: [0, 1, 2], ip_no_pmtu_disc: [0, 0, 1] })
    },
  },
  {
    name: 'slander',
    probability: 0.12,
    apply(plan, draw) {
      // An open is refused by some of them.
      plan.mayFail = true
      some(draw, ways(plan), (way) => {
        way.slander = draw.share(0.1)
        way.slanders = draw.pick<Slanders>(SOFT, SOFT, HARD, OTHERS)
      })
    },
  },
  {
    name: 'outages',
    probability: 0.15,
    apply(plan, draw) {
      plan.mayFail = true
      for (let i = draw.integer(1, 3); i > 0; i--) {
        plan.outages.push({
          at: draw.magnitude(1000, 60 * SECOND),
          lasts: draw.magnitude(1000, 40 * MINUTE),
          way: draw.pick('forth', 'back', 'both'),
        })
      }
    },
  },
  {
    name: 'crashes',
    probability: 0.12,
    apply(plan, draw) {
      plan.mayFail = true
      plan.crashes.push({
        at: draw.magnitude(1000, 30 * SECOND),
        lasts: draw.magnitude(1000, 10 * MINUTE),
        side: draw.pick('client', 'server'),
      })
      for (const side of sides(plan)) side.quietTime = draw.pick(0, 0, 30 * SECOND)
    },
  },
]

type Slanders = readonly (readonly [number, number])[]

/** Errors of the network, which may pass; of the end, which do not while a connection opens; and of those that mean nothing to TCP. */
const SOFT: Slanders = [0, 1, 5, 6, 7, 11, 12].map((code) => [IcmpType.Unreachable, code] as const)
const HARD: Slanders = [2, 3, 9, 10, 13].map((code) => [IcmpType.Unreachable, code] as const)
const OTHERS: Slanders = [
  [IcmpType.SourceQuench, 0],
  [IcmpType.TimeExceeded, 0],
  [IcmpType.TimeExceeded, 1],
  [IcmpType.ParameterProblem, 0],
  [IcmpType.Unreachable, 4],
]

export const FEATURE_NAMES: readonly string[] = FEATURES.map((feature) => feature.name)

/** Neither so long that it is never over, nor always so. */
const rests = (draw: Draw): { bytes: number; rest: number } => ({
  bytes: draw.magnitude(200, 20_000),
  rest: draw.magnitude(100, 3 * SECOND),
})

function conduct(draw: Draw): Conduct {
  return {
    length: draw.pick(0, draw.integer(1, 100), draw.magnitude(1, 60_000), draw.magnitude(1, 60_000)),
    chunk: draw.magnitude(500, 65_536),
    ending: draw.pick('half-close', 'half-close', 'wait'),
    leavesAt: 0,
    isAbrupt: false,
    readsFrom: 0,
  }
}

const side = (): Side => ({
  mtu: 1500,
  offload: false,
  profile: 'linux',
  sysctl: {},
  arena: ARENA,
  quietTime: 0,
  socket: { keepIdle: KEEP_IDLE },
})

const way = (): Way => ({
  narrows: [],
  isSilent: false,
  isOldRouter: false,
  marks: 0,
  slander: 0,
  slanders: SOFT,
  capacity: 1024,
})

/** Through a buffer of few bytes, or where most segments wait for a time-out of minutes, no more goes than a day has round trips for. */
function endInTime(plan: Plan): void {
  const sizes = sides(plan).flatMap(({ socket }) => [socket.sendBuffer ?? 0, socket.receiveBuffer ?? 0])
  const least = Math.min(...sizes.filter((size) => size > 0))
  const isLossy = ways(plan).some(({ impairments }) => (impairments?.loss ?? 0) > 0.05)
  const segment = isLossy ? Math.min(...sides(plan).map(({ mtu }) => mtu)) : Number.POSITIVE_INFINITY
  for (const one of conducts(plan)) one.length = Math.min(one.length, 300 * least, 1000 * segment)
}

/** The features that a number stands for. */
export const featuresOf = (seed: number): string[] =>
  FEATURES.filter(({ probability }, i) => new Draw(seed, i).chance(probability)).map(({ name }) => name)

/** The plan that a number stands for; with fewer features, what remains of it is the same. */
export function planOf(seed: number, features: readonly string[] = featuresOf(seed)): Plan {
  const draw = new Draw(seed, FEATURES.length)
  const plan: Plan = {
    seed,
    features: [...features],
    mayFail: false,
    client: side(),
    server: side(),
    forth: way(),
    back: way(),
    lanes: 1,
    rounds: 1,
    gap: 0,
    clientConduct: [conduct(draw)],
    serverConduct: [conduct(draw)],
    backlog: 16,
    acceptsFrom: 0,
    isSimultaneous: false,
    fastOpen: false,
    outages: [],
    crashes: [],
  }
  for (const [i, feature] of FEATURES.entries()) {
    if (!features.includes(feature.name)) continue
    const own = new Draw(seed, i)
    own.chance(feature.probability) // what decided that it is there
    feature.apply(plan, own)
  }
  endInTime(plan)
  // Somebody must be the first to end.
  for (const [lane, one] of plan.clientConduct.entries()) {
    if (one.ending === 'wait' && plan.serverConduct[lane]!.ending === 'wait') one.ending = 'half-close'
  }
  return plan
}
