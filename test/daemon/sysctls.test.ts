import { expect, test } from 'vitest'
import { applySysctls } from '../../src/daemon/sysctls.ts'

const tables = () => [
  { tcp_fin_timeout: 60, tcp_rmem: [4096, 131072, 6291456], tcp_congestion_control: 'reno' },
  { icmp_ratelimit: 1000 },
]

test('a value is set in the table that has it, read like the one before', () => {
  const [tcp, icmp] = tables()
  applySysctls(
    [tcp!, icmp!],
    new Map([
      ['tcp_fin_timeout', '30'],
      ['tcp_rmem', '1 2\t3'],
      ['tcp_congestion_control', 'cubic'],
      ['icmp_ratelimit', '0'],
    ]),
  )
  expect(tcp).toEqual({ tcp_fin_timeout: 30, tcp_rmem: [1, 2, 3], tcp_congestion_control: 'cubic' })
  expect(icmp).toEqual({ icmp_ratelimit: 0 })
})

test.each([
  ['tcp_fin_timout', '1', "no sysctl 'net.ipv4.tcp_fin_timout' (did you mean 'tcp_fin_timeout'?)"],
  ['constructor', '1', "no sysctl 'net.ipv4.constructor'"],
  ['tcp_fin_timeout', '1.5', "net.ipv4.tcp_fin_timeout takes an integer, not '1.5'"],
  ['tcp_fin_timeout', '', "net.ipv4.tcp_fin_timeout takes an integer, not ''"],
  ['tcp_rmem', '1 2', "net.ipv4.tcp_rmem takes 3 numbers, not '1 2'"],
])('%s=%s is refused', (key, value, message) => {
  expect(() => applySysctls(tables(), new Map([[key, value]]))).toThrow(message)
})
