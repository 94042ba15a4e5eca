import { describe, expect, test } from 'vitest'
import { Sysctls } from '../../src/stack/sysctls.ts'

test('every key has a value, by its whole name or without net.ipv4', () => {
  const sysctls = new Sysctls()
  const keys = sysctls.list()
  expect(keys).toContain('net.ipv4.tcp_fin_timeout')
  expect(keys).toContain('net.ipv4.icmp_ratelimit')
  expect(keys).toContain('net.core.rmem_default')
  for (const key of keys) expect(sysctls.get(key), key).toMatch(/./)
  expect(sysctls.get('ipfrag_time')).toBe('30')
  expect(sysctls.get('net/ipv4/ipfrag_time')).toBe('30')
  expect(sysctls.get('net.ipv4.tcp_rmem')).toBe('4096\t131072\t6291456')
  expect(sysctls.get('net.ipv4.nothing')).toBeUndefined()
})

test('every default is accepted as a value', () => {
  const sysctls = new Sysctls()
  const settable = sysctls.list().filter((key) => key !== 'net.ipv4.tcp_available_congestion_control')
  for (const key of settable) expect(sysctls.set(key, sysctls.get(key)!)).toBeUndefined()
})

test('a list of words is told as it was set', () => {
  const sysctls = new Sysctls()
  expect(sysctls.set('tcp_allowed_congestion_control', 'reno  cubic')).toBeUndefined()
  expect(sysctls.get('tcp_allowed_congestion_control')).toBe('reno cubic')
})

test('what is set is what the protocols read', () => {
  const sysctls = new Sysctls()
  expect(sysctls.set('net.ipv4.tcp_fin_timeout', '30')).toBeUndefined()
  expect(sysctls.tcp.tcp_fin_timeout).toBe(30)
  expect(sysctls.set('net.ipv4.ip_local_port_range', '40000 40010')).toBeUndefined()
  expect(sysctls.ports.ip_local_port_range).toEqual([40000, 40010])
  expect(sysctls.set('net.core.rmem_default', ' 4096 ')).toBeUndefined()
  expect(sysctls.core.rmem_default).toBe(4096)
})

test('a key that several protocols read is set for all', () => {
  const sysctls = new Sysctls()
  sysctls.set('ip_default_ttl', '33')
  expect([sysctls.ip.ip_default_ttl, sysctls.tcp.ip_default_ttl]).toEqual([33, 33])
})

describe('refused with the reason', () => {
  test.each([
    ['net.ipv4.tcp_tw_recycle', '1', /removed in Linux 4\.12.*NAT/],
    ['tcp_tw_recycle', '0', /removed in Linux 4\.12/],
    ['net.ipv4.tcp_nothing', '1', /no such key/],
    ['net.ipv4.constructor', '1', /no such key/],
    ['net.ipv4.tcp_fin_timeout', 'soon', /"soon" is not an integer/],
    ['net.ipv4.tcp_fin_timeout', '', /is not an integer/],
    ['net.ipv4.tcp_fin_timeout', '1.5', /is not an integer/],
    ['net.ipv4.tcp_fin_timeout', '1 2', /is not an integer/],
    ['net.ipv4.tcp_fin_timeout', '0', /must be from 1 to/],
    ['net.ipv4.tcp_sack', '2', /must be from 0 to 1/],
    ['net.ipv4.ip_default_ttl', '256', /must be from 1 to 255/],
    ['net.ipv4.icmp_ratelimit', '-1', /must be from 0/],
    ['net.ipv4.icmp_ratelimit', '99999999999', /must be from 0/],
    ['net.ipv4.tcp_rmem', '4096 8192', /is not 3 integers/],
    ['net.ipv4.tcp_rmem', '8192 4096 65536', /must not descend/],
    ['net.ipv4.ip_local_port_range', '60000 50000', /must not descend/],
    ['net.ipv4.ip_local_port_range', '0 70000', /must be from 1 to 65535/],
    ['net.ipv4.tcp_congestion_control', 'warp', /must be one of bbr, cubic, reno/],
    ['net.ipv4.tcp_congestion_control', 'cubic reno', /is not a word/],
    ['net.ipv4.tcp_allowed_congestion_control', 'reno warp', /must be one of bbr, cubic, reno/],
    ['net.ipv4.tcp_available_congestion_control', 'reno', /is read-only/],
  ])('%s = %j', (key, value, reason) => {
    const sysctls = new Sysctls()
    const before = sysctls.list().map((name) => sysctls.get(name))
    expect(sysctls.set(key, value)).toMatch(reason)
    expect(sysctls.list().map((name) => sysctls.get(name))).toEqual(before)
  })
})
