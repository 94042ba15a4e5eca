import { describe, expect, test } from 'vitest'
import { optionLength, TcpFlag, type TcpOption } from '../../src/conformance/script-packet.ts'
import { errorOf, script, tcp } from './reading.ts'

const { Fin, Syn, Rst, Psh, Ack, Urg, Ece, Cwr, Ae } = TcpFlag

describe('direction, sequence, acknowledgment, window', () => {
  test('an inbound segment with everything', () => {
    expect(tcp('< P. 1:1001(1000) ack 2 win 257 urg 3 <nop,nop,TS val 4 ecr 5>')).toEqual({
      protocol: 'tcp',
      direction: 'inbound',
      ip: { ecn: undefined, dscp: undefined, tos: undefined, ttl: undefined, flowLabel: undefined },
      ports: undefined,
      flags: Psh | Ack,
      ace: false,
      sequence: { form: 'relative', first: 1, length: 1000 },
      ack: 2,
      window: 257,
      urgent: 3,
      options: [{ kind: 'nop' }, { kind: 'nop' }, { kind: 'timestamps', val: 4, ecr: 5, ecrAbsolute: false }],
      udp: undefined,
    })
  })

  test('what an outbound segment leaves out: acknowledgment 0, any window, no options', () => {
    expect(tcp('> S 0:0(0)')).toMatchObject({ direction: 'outbound', ack: 0, window: undefined, options: [] })
  })

  test('a segment may end at 2^32 and beyond', () => {
    expect(tcp('< . 4294967290:4294967295(5) win 1').sequence.first).toBe(4_294_967_290)
    expect(tcp('< . 4294967290:4(10) win 1').sequence.length).toBe(10)
  })

  test('`!` gives the number on the wire, `...` leaves it open', () => {
    expect(tcp('< R 5:5(0)! win 0').sequence).toEqual({ form: 'absolute', first: 5, length: 0 })
    expect(tcp('> S. ...(0) ack 1').sequence).toEqual({ form: 'any', first: 0, length: 0 })
  })

  test('ports and the UDP header around the segment', () => {
    expect(tcp('< 1024 > 80 S 0:0(0) win 1').ports).toEqual({ source: 1024, destination: 80 })
    expect(tcp('> . 1:1(0) ack 1 <...> /udp(9899 > 1234)').udp).toEqual({ source: 9899, destination: 1234 })
  })

  test.each([
    ['< . 1:2(2) win 1', '1:9: expected the last sequence number 3 (1 + 2), found `2`'],
    [
      '< . 1:1(0) ack 1',
      '1:19: expected `win` and the window of an inbound packet, found the end of the file',
    ],
    ['< . 1:1(0) win 65536', '1:18: expected a window from 0 to 65535, found `65536`'],
    ['> . 4294967296:0(0)', '1:7: expected a sequence number from 0 to 4294967295, found `4294967296`'],
    ['< . ...(0) win 1', '1:7: expected the sequence number of an inbound packet, found `...`'],
    ['> . 1-1(0)', '1:8: expected `:` and the last sequence number, found `-1`'],
    ['> . 1:65536(65535)', '1:15: expected a length from 0 to 65495, found `65535`'],
    ['> . 1:1', '1:10: expected `(` and the length of the payload, found the end of the file'],
    ['> . 1:1(0) /tcp(1 > 2)', '1:15: expected `udp`, found `tcp`'],
    ['> udp (1000)', '1:5: expected a TCP or ICMP packet, found `udp`'],
  ])('%s', (text, message) => {
    expect(errorOf(`0 ${text}`)).toBe(`a.pkt:${message}`)
  })
})

describe('flags', () => {
  test.each([
    ['-', 0],
    ['.', Ack],
    ['S', Syn],
    ['S.', Syn | Ack],
    ['FP.', Fin | Psh | Ack],
    ['F.P', Fin | Psh | Ack],
    ['SF', Syn | Fin],
    ['R.U', Rst | Ack | Urg],
    ['SEW', Syn | Ece | Cwr],
    ['SEWA', Syn | Ece | Cwr | Ae],
    ['.E', Ack | Ece],
  ])('%s', (text, flags) => {
    expect(tcp(`> ${text} 1:1(0)`)).toMatchObject({ flags, ace: false })
  })

  test.each([
    ['P.5', Psh | Ack | Ece | Ae],
    ['.2', Ack | Cwr],
    ['S.0', Syn | Ack],
  ])('[RFC9768 §3.1.1] %s: the ACE field as one number', (text, flags) => {
    expect(tcp(`> ${text} 1:1(0)`)).toMatchObject({ flags, ace: true })
  })

  test.each(['X', 'PP', 'S.8', 'E.5', 'W.55', '.-'])('%s are none', (text) => {
    expect(errorOf(`0 > ${text} 1:1(0)`)).toMatch(/^a\.pkt:1:5: expected TCP flags: .*, found `/)
  })
})

describe('what is said about the IP header', () => {
  test.each([
    ['[noecn]', { ecn: 'noecn' }],
    ['[ect0]', { ecn: 'ect0' }],
    ['(ect1)', { ecn: 'ect1' }],
    ['[ce]', { ecn: 'ce' }],
    ['[ect01]', { ecn: 'ect01' }],
    ['[tos 0x2e]', { tos: 0x2e }],
    ['[ttl 64]', { ttl: 64 }],
    ['[flowlabel 0xabcde]', { flowLabel: 0xabcde }],
    ['[tos 0x10, ttl 1]', { tos: 0x10, ttl: 1 }],
    ['[dscp 46, ecn ect0]', { dscp: 46, ecn: 'ect0' }],
    ['[dscp af41, ecn 3]', { dscp: 34, ecn: 'ce' }],
    ['[cs1, ect1]', { dscp: 8, ecn: 'ect1' }],
    ['[ef]', { dscp: 46 }],
  ])('%s', (text, info) => {
    expect(tcp(`> ${text} . 1:1(0)`).ip).toMatchObject(info)
  })

  test.each([
    ['< [ect01] . 1:1(0) win 1', '1:6: expected one ECN code point for an inbound packet, found `ect01`'],
    ['> [tos 0x100] . 1:1(0)', '1:10: expected a TOS byte from 0 to 255, found `0x100`'],
    ['> [ect0) . 1:1(0)', '1:10: expected `]` or `,`, found `)`'],
    ['> [] . 1:1(0)', '1:6: expected a field of the IP header, found `]`'],
    [
      '> [dscp cs9] . 1:1(0)',
      '1:11: expected a DSCP: a number or a name such as `cs1`, `af41`, `ef`, found `cs9`',
    ],
  ])('%s', (text, message) => {
    expect(errorOf(`0 ${text}`)).toBe(`a.pkt:${message}`)
  })
})

describe('TCP options', () => {
  const options = (text: string) => tcp(`> . 1:1(0) <${text}>`).options

  /** Each option with its length, to which NOPs are added up to a multiple of four. */
  test.each<[string, TcpOption, number]>([
    ['[RFC9293 §3.1] eol', { kind: 'eol' }, 1],
    ['[RFC9293 §3.1] nop', { kind: 'nop' }, 1],
    ['[RFC9293 §3.1] mss 1460', { kind: 'mss', value: 1460 }, 4],
    ['[RFC7323 §2.2] wscale 8', { kind: 'wscale', shift: 8 }, 3],
    ['[RFC2018 §2] sackOK', { kind: 'sackOK' }, 2],
    [
      '[RFC2018 §3] sack 1:2 3:4',
      {
        kind: 'sack',
        blocks: [
          { left: 1, right: 2 },
          { left: 3, right: 4 },
        ],
      },
      18,
    ],
    ['[RFC7323 §3.2] TS val 1 ecr 2', { kind: 'timestamps', val: 1, ecr: 2, ecrAbsolute: false }, 10],
    [
      '[RFC7323 §3.2] TS val ... ecr 2!',
      { kind: 'timestamps', val: undefined, ecr: 2, ecrAbsolute: true },
      10,
    ],
    ['[RFC7413 §4.1.1] FO', { kind: 'fastOpen', cookie: '', experimental: false }, 2],
    ['[RFC7413 §4.1.1] FO ABcd12', { kind: 'fastOpen', cookie: 'abcd12', experimental: false }, 5],
    ['[RFC7413 §4.1.1] FO 1234', { kind: 'fastOpen', cookie: '1234', experimental: false }, 4],
    ['[RFC6994 §3] FOEXP 1234', { kind: 'fastOpen', cookie: '1234', experimental: true }, 6],
    ['[RFC6994 §3] exp-FO', { kind: 'fastOpen', cookie: '', experimental: true }, 4],
    ['[RFC2385 §3.0] md5 00ff', { kind: 'md5', digest: '00ff' }, 4],
    ['[RFC2385 §3.0] md5 valid', { kind: 'md5', digest: 'valid' }, 18],
    ['[RFC9768 §3.2.3] ECN e0b 1', { kind: 'accurateEcn', first: 'e0b', counters: [1] }, 5],
    [
      '[RFC9768 §3.2.3] ECN e1b 1 ceb 2 e0b 3',
      { kind: 'accurateEcn', first: 'e1b', counters: [1, 2, 3] },
      11,
    ],
    ['[RFC9293 §3.1] gen-253 0a0b', { kind: 'generic', number: 253, data: '0a0b' }, 4],
    ['[RFC6994 §3] exp-f989 12', { kind: 'experimental', magic: 0xf989, data: '12' }, 5],
    ['[RFC9293 §3.1] 020405b4', { kind: 'raw', data: '020405b4' }, 4],
    ['[RFC9293 §3.1] 0xfe04abcd', { kind: 'raw', data: 'fe04abcd' }, 4],
  ])('%s', (title, option, length) => {
    const padding = 'nop,'.repeat((4 - (length % 4)) % 4)
    expect(options(padding + title.slice(title.indexOf(']') + 2))?.at(-1)).toEqual(option)
    expect(optionLength(option)).toBe(length)
  })

  test('`<...>` leaves them open', () => {
    expect(options('...')).toBeUndefined()
  })

  test.each([
    [
      '> . 1:1(0) <mss 1460,sackOK>',
      '1:14: expected options of a multiple of 4 bytes (these are 6), found `<`',
    ],
    [
      '> . 1:1(0) <sack 1:2 1:2 1:2 1:2 1:2,nop,nop>',
      '1:14: expected options of at most 40 bytes (these are 44), found `<`',
    ],
    ['< . 1:1(0) win 1 <...>', '1:21: expected the options of an inbound packet, found `...`'],
    ['> . 1:1(0) <mss>', '1:18: expected a segment size, found `>`'],
    ['> . 1:1(0) <mss 65536>', '1:19: expected a segment size from 0 to 65535, found `65536`'],
    ['> . 1:1(0) <wscale 256>', '1:22: expected a shift count from 0 to 255, found `256`'],
    ['> . 1:1(0) <TS ecr 1>', '1:18: expected `val`, found `ecr`'],
    ['> . 1:1(0) <FO abc>', '1:18: expected a cookie: pairs of hex digits, found `abc`'],
    ['> . 1:1(0) <what 1>', '1:15: expected a TCP option, found `what`'],
    ['> . 1:1(0) <nop nop>', '1:19: expected `>` or `,` after an option, found `nop`'],
    [
      '> . 1:1(0) <gen-300 00>',
      '1:15: expected the kind of an option from 0 to 255, as in `gen-253`, found `gen-300`',
    ],
  ])('%s', (text, message) => {
    expect(errorOf(`0 ${text}`)).toBe(`a.pkt:${message}`)
  })

  test('a cookie may be given with -D', () => {
    const read = script('0 > S 0:0(0) <FO COOKIE,nop,nop>', { COOKIE: '0123456789abcdef' }).events[0]
    expect(read?.action).toMatchObject({ packet: { options: [{ cookie: '0123456789abcdef' }, {}, {}] } })
  })
})
