import { expect, test } from 'vitest'
import { applySysctls, parseSysctl } from '../../src/daemon/sysctls.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'

test('values are set by their short or whole names', () => {
  const sysctls = new Sysctls()
  applySysctls(
    sysctls,
    new Map([
      ['tcp_fin_timeout', '30'],
      ['net.ipv4.tcp_rmem', '4096 8192\t16384'],
      ['icmp_ratelimit', '0'],
    ]),
  )
  expect(sysctls.tcp.tcp_fin_timeout).toBe(30)
  expect(sysctls.tcp.tcp_rmem).toEqual([4096, 8192, 16384])
  expect(sysctls.icmp.icmp_ratelimit).toBe(0)
})

test.each([
  ['tcp_fin_timout', '1', "no sysctl 'tcp_fin_timout' (did you mean 'tcp_fin_timeout'?)"],
  ['constructor', '1', "no sysctl 'constructor'"],
  ['tcp_fin_timeout', '1.5', 'net.ipv4.tcp_fin_timeout'],
  ['tcp_fin_timeout', '', 'net.ipv4.tcp_fin_timeout'],
  ['tcp_rmem', '1 2', 'net.ipv4.tcp_rmem'],
])('%s=%s is refused', (key, value, message) => {
  expect(() => applySysctls(new Sysctls(), new Map([[key, value]]))).toThrow(message)
})

test('a key that is refused whatever its value says why', () => {
  expect(() => parseSysctl('net.ipv4.tcp_tw_recycle=1')).toThrow('Linux 4.12')
})
