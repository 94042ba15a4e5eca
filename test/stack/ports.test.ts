import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { EphemeralPorts, PortSysctls } from '../../src/stack/ports.ts'

const LOCAL = 0x0a090002
const REMOTE = 0x0a090001

function make(range = [32768, 60999], seed = 1): EphemeralPorts {
  const sysctl = new PortSysctls()
  sysctl.ip_local_port_range = range
  return new EphemeralPorts(sysctl, new SeededRandom(seed))
}

const always = () => true

test('[RFC6056 §3.3.1] ports lie in the range and do not follow one another', () => {
  const ports = make()
  const chosen = Array.from({ length: 1000 }, () => ports.choose(always))
  expect(Math.min(...chosen)).toBeGreaterThanOrEqual(32768)
  expect(Math.max(...chosen)).toBeLessThanOrEqual(60999)
  expect(chosen.filter((port, i) => port === (chosen[i - 1] ?? 0) + 1).length).toBeLessThan(5)
  expect(Math.max(...chosen) - Math.min(...chosen)).toBeGreaterThan(25_000)
})

test('[RFC6056 §3.3.4] one destination sees ports in sequence, the next one as late as can be', () => {
  const ports = make([100, 199])
  const chosen = Array.from({ length: 100 }, () => ports.chooseFor(LOCAL, REMOTE, 80, always))
  expect(new Set(chosen).size).toBe(100)
  for (const [i, port] of chosen.entries()) {
    if (i > 0) expect((port - chosen[i - 1]! + 100) % 100).toBe(1)
  }
})

test('[RFC6056 §3.3.4] another destination begins elsewhere', () => {
  const ports = make()
  const starts = Array.from({ length: 50 }, (_, i) => ports.chooseFor(LOCAL, REMOTE + i, 80, always))
  expect(new Set(starts).size).toBeGreaterThan(48)
  expect(make(undefined, 2).chooseFor(LOCAL, REMOTE, 80, always)).not.toBe(starts[0])
})

test('taken ports are passed over, and none left is 0', () => {
  const ports = make([100, 109])
  const taken = new Set<number>()
  const isFree = (port: number) => !taken.has(port)
  for (let i = 0; i < 10; i++) {
    const port = i % 2 === 0 ? ports.choose(isFree) : ports.chooseFor(LOCAL, REMOTE, 80, isFree)
    expect(taken.has(port)).toBe(false)
    taken.add(port)
  }
  expect(taken.size).toBe(10)
  expect(ports.choose(isFree)).toBe(0)
  expect(ports.chooseFor(LOCAL, REMOTE, 80, isFree)).toBe(0)
})

test('a range of one port', () => {
  expect(make([77, 77]).choose(always)).toBe(77)
  expect(make([77, 77]).chooseFor(LOCAL, REMOTE, 1, always)).toBe(77)
})
