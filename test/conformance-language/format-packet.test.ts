import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatPacket, packetParts } from '../../src/conformance/format-packet.ts'
import {
  optionLength,
  type ScriptPacket,
  type TcpOption,
  type TcpPacket,
} from '../../src/conformance/script-packet.ts'
import { packet, tcp } from './reading.ts'

describe('a packet in script notation', () => {
  test.each([
    '< S 7:7(0) win 40000 <mss 1200,nop,nop,sackOK,nop,wscale 5>',
    '> S. 0:0(0) ack 1 win 65535 <...>',
    '> FP. 1:1001(1000) ack 1 win 257 <nop,nop,TS val 1 ecr 2>',
    '> [ect0, ttl 64] . 1:1(0) ack 1',
    '> [dscp 46, tos 0x05, flowlabel 0x12345] . 1:1(0) ack 1',
    '< P.U 1:2(1) ack 1 win 5 urg 1',
    '> - 1:1(0) ack 9',
    '> R 1:1(0)',
    '> .5 1:1(0) ack 1',
    '> SEWA 0:0(0)',
    '< 5 > 6 . 1:1(0) ack 0 win 0',
    '< . 4294967295:4(5)! ack 1 win 0 <nop,nop,sack 1:2 3:4,nop,nop,TS val ... ecr 5!>',
    '> S ...(0) <FO,nop,nop> /udp(1 > 2)',
    '> S 0:0(0) <FO a1b2,FOEXP 0102,nop,nop>',
    '> S 0:0(0) <md5 valid,nop,nop,md5 1122>',
    '> . 1:1(0) ack 1 <ECN e1b 1 ceb 2,gen-253 0102,exp-f989 aabbcc,nop,01010101>',
    '< icmp unreachable frag_needed mtu 1400 [1:1461(1460)]',
    '< icmp unreachable net_unreachable',
    '< icmp echo_request id 7',
    '< icmp type_200 code_9 [udp (5)]',
    '< [ttl 1] icmp time_exceeded ttl_exceeded_in_transit [raw (8)]',
  ])('%s', (text) => {
    expect(formatPacket(packet(text))).toBe(text)
  })

  test('a real packet may have reserved bits, which no script can write', () => {
    expect(formatPacket({ ...tcp('> . 1:1(0) ack 1'), flags: 0x410 })).toBe('> . reserved 0x2 1:1(0) ack 1')
  })

  test('falls into the parts that a report compares', () => {
    expect(packetParts(tcp('> [ce] P. 1:3(2) ack 4 win 5 <nop,nop,sackOK>')).map(({ part }) => part)).toEqual(
      [...['direction', 'ip', 'flags', 'sequence', 'ack', 'window', 'options']],
    )
  })
})

describe('what is printed is read back as it was', () => {
  const u8 = fc.nat(0xff)
  const u16 = fc.nat(0xffff)
  const u32 = fc.nat(0xffff_ffff)
  const hex = (most: number) =>
    fc.uint8Array({ maxLength: most }).map((bytes) => Buffer.from(bytes).toString('hex'))
  const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined })
  const kind = <K extends string>(name: K) => fc.constant(name)

  const option: fc.Arbitrary<TcpOption> = fc.oneof(
    fc.record({ kind: fc.constantFrom('nop' as const, 'eol' as const, 'sackOK' as const) }),
    fc.record({ kind: kind('mss'), value: u16 }),
    fc.record({ kind: kind('wscale'), shift: u8 }),
    fc.record({
      kind: kind('sack'),
      blocks: fc.array(fc.record({ left: u32, right: u32 }), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ kind: kind('timestamps'), val: maybe(u32), ecr: u32, ecrAbsolute: fc.boolean() }),
    fc.record({ kind: kind('fastOpen'), cookie: hex(16), experimental: fc.boolean() }),
    fc.record({ kind: kind('md5'), digest: fc.oneof(hex(16), kind('valid')) }),
    fc.record({
      kind: kind('accurateEcn'),
      first: fc.constantFrom('e0b' as const, 'e1b' as const),
      counters: fc.array(fc.nat(0xffffff), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: kind('generic'), number: u8, data: hex(8) }),
    fc.record({ kind: kind('experimental'), magic: u16, data: hex(8) }),
  ) as fc.Arbitrary<TcpOption>

  const options = fc.array(option, { maxLength: 6 }).map((list) => {
    const fitting: TcpOption[] = []
    let length = 0
    for (const each of list) {
      if (length + optionLength(each) > 40) continue
      length += optionLength(each)
      fitting.push(each)
    }
    while (length++ % 4 !== 0) fitting.push({ kind: 'nop' })
    return fitting
  })

  const segment: fc.Arbitrary<ScriptPacket> = fc.record<TcpPacket>({
    protocol: fc.constant('tcp'),
    direction: fc.constant('outbound'),
    ip: fc.record({
      ecn: maybe(fc.constantFrom('noecn', 'ect0', 'ect1', 'ce', 'ect01')),
      dscp: maybe(fc.nat(63)),
      tos: maybe(u8),
      ttl: maybe(u8),
      flowLabel: maybe(fc.nat(0xfffff)),
    }),
    ports: maybe(fc.record({ source: u16, destination: u16 })),
    flags: fc.nat(0x1ff),
    ace: fc.boolean(),
    sequence: fc.record({
      form: fc.constantFrom('relative', 'absolute'),
      first: u32,
      length: fc.nat(65_495),
    }),
    ack: u32,
    window: maybe(u16),
    urgent: u16,
    options: maybe(options),
    udp: maybe(fc.record({ source: u16, destination: u16 })),
  })

  test('segments', () => {
    fc.assert(
      fc.property(segment, (value) => {
        // A digit alone would be a port: the ACE field comes with another flag.
        fc.pre(value.protocol === 'tcp' && !(value.ace && (value.flags & 0x3f) === 0))
        expect(packet(formatPacket(value))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })
})
