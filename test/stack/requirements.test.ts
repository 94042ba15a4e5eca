import { expect, test } from 'vitest'
import { Settings } from '../../src/tcp/settings.ts'
import { Flag } from '../../src/wire/tcp.ts'
import { BenchStack } from '../support/bench-stack.ts'
import { ip, pattern, tcpPacket } from '../support/packets.ts'
import { transportOf } from '../support/recording-sink.ts'

/** A stack that listens at port 7. */
function listening(): BenchStack {
  const bench = new BenchStack()
  bench.stack.tcp.listen(0, 7, 8, new Settings(bench.stack.sysctls.tcp))
  return bench
}

const syn = (fields = {}) => tcpPacket(pattern(0), { flags: Flag.Syn, ...fields })

test.each(['0.0.0.0', '10.9.0.255', '127.0.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'])(
  '[RFC9293 §3.9.2.3] MUST-63: a SYN from %s is ignored',
  (source) => {
    const bench = listening()
    expect(bench.turn(syn({ source: ip(source) }))).toEqual([])
    expect(bench.stack.counters.tcp.InSegs).toBe(0)
    expect(bench.turn(syn())).toHaveLength(1)
  },
)

test.each([
  ['record route', [7, 7, 4, 0, 0, 0, 0, 0]],
  ['timestamp', [68, 8, 5, 0, 0, 0, 0, 0]],
  ['security', [130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['an unknown one', [99, 3, 1, 0]],
])('[RFC9293 §3.9.2] MUST-50: a SYN with the IP option %s is answered as any other', (_name, list) => {
  const [answer] = listening().turn(syn({ options: Uint8Array.from(list) }))
  expect(transportOf(answer!.bytes)[13]).toBe(Flag.Syn | Flag.Ack)
  expect(answer!.bytes[0]).toBe(0x45)
})
