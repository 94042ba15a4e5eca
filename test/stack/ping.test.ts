import { expect, test } from 'vitest'
import { BenchStack } from '../support/bench-stack.ts'
import { echoRequest, pattern } from '../support/packets.ts'

test('[RFC1122 §3.2.2.6] an echo request is answered with all of its data', () => {
  const bench = new BenchStack()
  const request = echoRequest(pattern(56))
  const [reply, ...more] = bench.turn(request)
  expect(more).toEqual([])
  expect(reply!.bytes.subarray(24)).toEqual(request.subarray(24))
  expect(reply!.bytes.subarray(12, 16)).toEqual(request.subarray(16, 20))
  expect(reply!.bytes.subarray(16, 20)).toEqual(request.subarray(12, 16))
  expect(bench.faults).toEqual([])
})
