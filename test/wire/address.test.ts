import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as address from '../../src/wire/address.ts'

const at = (text: string): number => {
  const parsed = address.parseAddress(text)
  if (parsed === undefined) throw new Error(`no address: ${text}`)
  return parsed
}

describe('dotted decimal', () => {
  test('10.9.0.2 is 0x0a090002, 255.255.255.255 is -1', () => {
    expect(at('10.9.0.2')).toBe(0x0a090002)
    expect(at('255.255.255.255')).toBe(-1)
  })

  test('what is formatted is read back', () => {
    fc.assert(
      fc.property(fc.integer(), (a) => {
        expect(address.parseAddress(address.formatAddress(a))).toBe(a)
      }),
    )
  })

  test.each([
    ...['', '.', '1.2.3', '1.2.3.4.5', '1.2.3.', '.1.2.3', '1..2.3', '256.0.0.1', '1.2.3.999', '01.2.3.4'],
    ...[
      '1.2.3.00',
      '0x1.2.3.4',
      '1.2.3.4 ',
      ' 1.2.3.4',
      '+1.2.3.4',
      '-1.2.3.4',
      '1e1.2.3.4',
      '1.2.3.4\n',
      '١.2.3.4',
    ],
  ])('%j is none', (text) => {
    expect(address.parseAddress(text)).toBeUndefined()
  })

  test('any text is read without an exception', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = address.parseAddress(text)
        if (parsed !== undefined) expect(address.formatAddress(parsed)).toBe(text)
      }),
    )
  })
})

describe('[RFC1122 §3.2.1.3] special addresses', () => {
  const rows: [(a: number) => boolean, string[], string[]][] = [
    [address.isMulticast, ['224.0.0.0', '239.255.255.255'], ['223.255.255.255', '240.0.0.0']],
    [address.isLoopback, ['127.0.0.0', '127.255.255.255'], ['126.255.255.255', '128.0.0.0']],
    [address.isLimitedBroadcast, ['255.255.255.255'], ['255.255.255.254', '0.0.0.0']],
    [address.isClassE, ['240.0.0.0', '255.255.255.255'], ['239.255.255.255', '0.0.0.0']],
    [address.isZeroNet, ['0.0.0.0', '0.255.255.255'], ['1.0.0.0', '255.0.0.0']],
  ]
  test.each(rows.map(([is, yes, no]) => ({ name: is.name, is, yes, no })))('$name', ({ is, yes, no }) => {
    expect(yes.map(at).map(is)).toEqual(yes.map(() => true))
    expect(no.map(at).map(is)).toEqual(no.map(() => false))
  })

  test('unsigned values are taken for the same addresses', () => {
    expect(address.isLimitedBroadcast(0xffffffff)).toBe(true)
    expect(address.isMulticast(0xe0000001)).toBe(true)
    expect(address.formatAddress(0xffffffff)).toBe('255.255.255.255')
  })
})

describe('[RFC1812 §2.2.5.2] subnets', () => {
  const subnet = { address: at('10.9.130.2'), prefix: 17 }

  test('mask, network and broadcast of 10.9.130.2/17', () => {
    expect(address.formatAddress(address.maskOf(17))).toBe('255.255.128.0')
    expect(address.formatAddress(address.networkOf(subnet))).toBe('10.9.128.0')
    expect(address.formatAddress(address.broadcastOf(subnet))).toBe('10.9.255.255')
  })

  test('a prefix of 0 masks nothing, of 32 everything', () => {
    expect(address.maskOf(0)).toBe(0)
    expect(address.maskOf(32)).toBe(-1)
    expect(address.maskOf(1)).toBe(-0x80000000)
  })

  test('contains from the network to the broadcast address, and nothing beside', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (a, prefix) => {
        const net = { address: a, prefix }
        expect(address.contains(net, address.networkOf(net))).toBe(true)
        expect(address.contains(net, address.broadcastOf(net))).toBe(true)
        expect(address.contains(net, (address.networkOf(net) - 1) | 0)).toBe(false)
        expect(address.contains(net, (address.broadcastOf(net) + 1) | 0)).toBe(false)
      }),
    )
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => address.contains({ address: a, prefix: 0 }, b)),
    )
  })

  test('[RFC3021 §2.2] a prefix of 31 or 32 has no directed broadcast', () => {
    expect(address.broadcastOf({ address: at('10.9.0.0'), prefix: 31 })).toBe(-1)
    expect(address.broadcastOf({ address: at('10.9.0.1'), prefix: 32 })).toBe(-1)
  })
})
