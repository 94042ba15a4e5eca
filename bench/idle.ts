// What idle connections cost: `node FLAGS bench/idle.ts COUNT awake|connections|sockets [SNAPSHOT]`, run by idle.mjs. Prints JSON.
//
// Memory is taken from RSS, in a process of its own: typed arrays lie outside the heap.
import { writeHeapSnapshot } from 'node:v8'
import { formatRows } from '../src/observe/netstat.ts'
import { flows } from '../src/observe/snapshot.ts'
import { Sockets } from '../src/socket/sockets.ts'
import type { StreamSocket } from '../src/socket/stream-socket.ts'
import { discard, send } from '../src/tcp/calls.ts'
import type { Connection } from '../src/tcp/connection.ts'
import { BATCH, Crowd, Holder } from './support/crowd.ts'
import { OUR_PORT } from './support/peer.ts'

const [countText, kind = 'connections', heapAt] = process.argv.slice(2)
const count = Number(countText)
/** Bytes of a request and of its answer. */
const MESSAGE = 100
const message = new Uint8Array(MESSAGE)
/** Opened before the measurement: code is compiled, first blocks are taken. */
const WARM = Math.min(4096, count >> 1)
/** Microseconds from one batch of clients to the next, and until everybody is at rest. */
const SPACE = 20_000
const SILENCE = 3_000_000

const crowd = new Crowd(count)
const { tcp } = crowd.stack
const sockets = new Sockets(crowd.stack, crowd)
const server = sockets.stream()
server.bind(0, OUR_PORT)
server.listen(4096)
const kept: (Holder | StreamSocket)[] = []

function accept(): Connection | undefined {
  if (kind === 'sockets') {
    const socket = server.accept()
    if (typeof socket === 'number') return undefined
    kept.push(socket)
    return socket.connection
  }
  const c = server.listener!.accept()
  if (c === undefined) return undefined
  if (kind !== 'awake') kept.push(new Holder(c)) // nobody's never rests
  return c
}

/** Opens some connections; a request comes on each, and its answer is acknowledged. */
function open(first: number, many: number): void {
  crowd.open(first, many)
  crowd.send(first, many, MESSAGE)
  for (let c = accept(); c !== undefined; c = accept()) {
    discard(c, c.receive.queue.length)
    if (send(c, message, 0, MESSAGE) !== MESSAGE) throw new Error('an answer was not taken')
  }
  crowd.turn()
  crowd.acknowledge(first, many)
}

function memory(): { rss: number; heap: number; arrays: number } {
  for (let i = 0; i < 6; i++) globalThis.gc?.()
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { rss, heap: heapUsed, arrays: arrayBuffers }
}

function settle(): void {
  crowd.now += SILENCE
  while (crowd.turn() <= crowd.now);
}

/** The table of connections as the daemon makes it: piece by piece. Milliseconds of all of it, and of the longest piece. */
function readNetstat(): { elapsed: number; longest: number; length: number } {
  const began = performance.now()
  let from = began
  let longest = 0
  let length = 0
  for (const rows of flows(sockets)) {
    length += formatRows(rows, { all: true }).length
    const now = performance.now()
    longest = Math.max(longest, now - from)
    from = now
  }
  return { elapsed: from - began, longest, length }
}

for (let i = 0; i < WARM; i += BATCH) open(i, Math.min(BATCH, WARM - i))
settle()
const before = memory()
let longest = 0
const began = performance.now()
for (let opened = WARM; opened < count; opened += BATCH) {
  const from = performance.now()
  crowd.now += SPACE
  open(opened, Math.min(BATCH, count - opened))
  longest = Math.max(longest, performance.now() - from)
}
const elapsed = performance.now() - began
settle()
const after = memory()
const netstat = readNetstat()
const added = count - WARM
console.log(
  JSON.stringify({
    count,
    kind,
    established: tcp.establishedCount,
    resting: tcp.rests.count,
    bytes: (after.rss - before.rss) / added,
    heapBytes: (after.heap - before.heap) / added,
    arrayBytes: (after.arrays - before.arrays) / added,
    microseconds: (elapsed * 1000) / added,
    longest,
    netstat: netstat.elapsed,
    netstatPiece: netstat.longest,
    netstatBytes: netstat.length,
  }),
)
if (heapAt !== undefined) writeHeapSnapshot(heapAt)
