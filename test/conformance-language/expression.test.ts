import { describe, expect, test } from 'vitest'
import {
  addressOf,
  integerOf,
  itemsOf,
  memberOf,
  portOf,
  stringOf,
  structOf,
} from '../../src/conformance/expression.ts'
import { ScriptError } from '../../src/conformance/script-error.ts'
import { formatBits, symbolNames, symbolValue } from '../../src/conformance/symbols.ts'
import { errnoName, errnoText } from '../../src/socket/errno.ts'
import { parseAddress } from '../../src/wire/address.ts'
import { call } from './reading.ts'

const argument = (text: string) => call(`f(${text}) = 0`).arguments[0]!

describe('values of arguments', () => {
  test.each([
    ['12', 12],
    ['-1', -1],
    ['0xffffffff', 0xffffffff],
    ['SOL_SOCKET', 1],
    ['O_RDWR|O_NONBLOCK', 0x802],
    ['EPOLLET|EPOLLIN', 0x80000001],
    ['htons(8080)', 0x901f],
    ['inet_addr("1.2.3.200")', 0xc8030201],
    ['NULL', 0],
    ['ECONNRESET', 104],
  ])('%s', (text, value) => {
    expect(integerOf(argument(text))).toBe(value)
  })

  test('ports and addresses, with or without the C function around them', () => {
    expect(portOf(argument('htons(80)'))).toBe(80)
    expect(portOf(argument('80'))).toBe(80)
    expect(addressOf(argument('inet_addr("192.0.2.1")'))).toBe(parseAddress('192.0.2.1'))
    expect(addressOf(argument('"192.0.2.1"'))).toBe(parseAddress('192.0.2.1'))
  })

  test('strings, lists and structs', () => {
    expect(stringOf(argument('"a\\x00"'))).toBe('a\0')
    expect(itemsOf(argument('[1, 2]'))).toHaveLength(2)
    const linger = structOf(argument('{onoff=1, linger=7}'), 'linger')
    expect(integerOf(memberOf(linger, 'linger'))).toBe(7)
  })

  test.each<[string, () => unknown, string]>([
    [
      'a name that is no constant',
      () => integerOf(argument('SO_NONE')),
      'expected a known constant, found `SO_NONE`',
    ],
    [
      'a name in another case',
      () => integerOf(argument('so_linger')),
      'expected a known constant, such as `SO_LINGER`, found `so_linger`',
    ],
    [
      'a list for an integer',
      () => integerOf(argument('[1]')),
      'expected an integer or a constant, found [1]',
    ],
    ['a port', () => portOf(argument('htons(65536)')), 'expected a port from 0 to 65535, found 65536'],
    ['an address', () => addressOf(argument('"1.2.3"')), 'expected an IPv4 address, found "1.2.3"'],
    ['a string', () => stringOf(argument('5')), 'expected a string, found 5'],
    ['a list', () => itemsOf(argument('...')), 'expected a list, found ...'],
    ['a struct', () => structOf(argument('{1, 2}'), 'linger'), 'expected a struct linger, found {1, 2}'],
    [
      'a member',
      () => memberOf(structOf(argument('{fd=1, events=2}'), 'pollfd'), 'revents'),
      'expected `revents` in the struct pollfd, found {fd=1, events=2}',
    ],
  ])('errors have a place: %s', (_, read, message) => {
    expect(read).toThrow(ScriptError)
    expect(read).toThrow(`a.pkt:1:5: ${message}`)
  })
})

describe('constants of Linux on x86-64', () => {
  test.each([
    ['SO_REUSEADDR', 2],
    ['SO_LINGER', 13],
    ['SO_REUSEPORT', 15],
    ['TCP_CORK', 3],
    ['TCP_INFO', 11],
    ['TCP_CONGESTION', 13],
    ['TCP_USER_TIMEOUT', 18],
    ['TCP_NOTSENT_LOWAT', 25],
    ['MSG_DONTWAIT', 0x40],
    ['MSG_MORE', 0x8000],
    ['O_NONBLOCK', 0x800],
    ['SHUT_RDWR', 2],
    ['SIOCINQ', 0x541b],
    ['SIOCOUTQ', 0x5411],
    ['SIOCOUTQNSD', 0x894b],
    ['POLLRDHUP', 0x2000],
    ['EPOLLET', 0x80000000],
    ['EAGAIN', 11],
    ['EWOULDBLOCK', 11],
    ['EINPROGRESS', 115],
    ['IP_TOS', 1],
    ['IP_TTL', 2],
  ])('%s', (name, value) => {
    expect(symbolValue(name)).toBe(value)
  })

  test('a name that stands for none', () => {
    expect(symbolValue('constructor')).toBeUndefined()
    expect(symbolNames().length).toBeGreaterThan(250)
  })

  test('errors by number and with their texts', () => {
    expect(errnoName(104)).toBe('ECONNRESET')
    expect(errnoName(9999)).toBe('errno 9999')
    expect(errnoText('EPIPE')).toBe('Broken pipe')
    expect(errnoText('EWOULDBLOCK')).toBe('Resource temporarily unavailable')
    expect(errnoText('EX')).toBeUndefined()
  })

  test('bits by name', () => {
    expect(formatBits(5, 'POLL')).toBe('POLLIN|POLLOUT')
    expect(formatBits(0, 'POLL')).toBe('0')
    expect(formatBits(0x40000001, 'POLL')).toBe('POLLIN|0x40000000')
    expect(formatBits(0x80000001, 'EPOLL')).toBe('EPOLLIN|EPOLLET')
  })
})
