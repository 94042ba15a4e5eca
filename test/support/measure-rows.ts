// What a handshake, and a connection in TIME-WAIT, cost: `node --expose-gc --import …/typescript-loader.mjs measure-rows.ts handshakes|time-wait`
// prints bytes an entry, everything included, when as many are held as may be.
import { Arena } from '../../src/base/arena.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { PathMtus } from '../../src/ip/path-mtus.ts'
import { RouteSysctls } from '../../src/ip/sysctls.ts'
import { TcpCounters } from '../../src/tcp/counters.ts'
import { LINUX } from '../../src/tcp/profile.ts'
import { Settings } from '../../src/tcp/settings.ts'
import { MAX_HANDSHAKES } from '../../src/tcp/syn-cache.ts'
import { TcpSysctls } from '../../src/tcp/sysctls.ts'
import { Tcp } from '../../src/tcp/tcp.ts'
import { TimeWaitRows } from '../../src/tcp/time-wait-rows.ts'
import { Flag, Segment } from '../../src/wire/tcp.ts'

const LOCAL = 0x0a090002
const memory = new Uint8Array(256)
const sink = { memory, segmentationOffload: false, room: () => 0, send: () => {} }

function makeTcp(): Tcp {
  return new Tcp({
    arena: new Arena(2048),
    random: new SeededRandom(1),
    sysctl: new TcpSysctls(),
    profile: LINUX,
    counters: new TcpCounters(),
    quietTime: 0,
    replies: sink,
    sourceFor: () => LOCAL,
    isLocal: (address) => address === LOCAL,
    isUnicast: () => true,
    paths: new PathMtus(1500, new RouteSysctls()),
    wake: () => {},
    onFault: (error) => {
      throw error
    },
    receiveMtu: 1500,
  })
}

function handshakes(): [unknown, number] {
  const tcp = makeTcp()
  const listener = tcp.listen(0, 7, 1 << 20, new Settings(tcp.host.sysctl))
  const syn = new Segment()
  syn.destination = LOCAL
  syn.destinationPort = 7
  syn.flags = Flag.Syn
  syn.length = 1
  for (let i = 0; i < MAX_HANDSHAKES + 1000; i++) {
    syn.source = 0x0a100000 + i
    syn.sourcePort = 1000 + (i & 1023)
    tcp.receive(syn, 1)
  }
  return [[tcp, listener], tcp.synCache.size]
}

function timeWait(): [unknown, number] {
  const { tcp_max_tw_buckets } = new TcpSysctls()
  const tcp = makeTcp()
  const rows = new TimeWaitRows((local, remote, ports) => tcp.flows.hash(local, remote, ports))
  for (let i = 0; i < tcp_max_tw_buckets; i++) rows.add(LOCAL, 0x0a100000 + i, (1000 << 16) | 7, 1, 60)
  return [rows, rows.size]
}

const SUBJECTS: Record<string, () => [unknown, number]> = { handshakes, 'time-wait': timeWait }

function used(): number {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const subject = SUBJECTS[process.argv[2] ?? '']!
subject() // compiles
const before = used()
const [kept, count] = subject()
const bytes = (used() - before) / count
console.log(JSON.stringify({ count, bytes, kept: kept !== undefined }))
