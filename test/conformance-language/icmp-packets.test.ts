import { describe, expect, test } from 'vitest'
import { errorOf, icmp } from './reading.ts'

describe('ICMP packets', () => {
  test.each([
    ['[RFC792] icmp echo_reply', { type: 0, code: 0 }],
    ['[RFC792] icmp unreachable', { type: 3, code: 0 }],
    ['[RFC792] icmp unreachable port_unreachable', { type: 3, code: 3 }],
    ['[RFC1812 §5.2.7.1] icmp unreachable precedence_cutoff', { type: 3, code: 15 }],
    ['[RFC1191 §4] icmp unreachable frag_needed mtu 1400', { type: 3, code: 4, mtu: 1400 }],
    ['[RFC792] icmp source_quench', { type: 4, code: 0 }],
    ['[RFC792] icmp echo_request id 7', { type: 8, code: 0, id: 7 }],
    ['[RFC792] icmp time_exceeded frag_reass_exceeded', { type: 11, code: 1 }],
    ['[RFC792] icmp parameter_problem code_2', { type: 12, code: 2 }],
    ['[RFC792] icmp type_200 code_255', { type: 200, code: 255 }],
  ])('%s', (title, expected) => {
    expect(icmp(`< ${title.slice(title.indexOf(']') + 2)}`)).toMatchObject({ protocol: 'icmp', ...expected })
  })

  test('quote the sequence numbers of a segment', () => {
    expect(icmp('< icmp unreachable frag_needed mtu 576 [1:1461(1460)]').quote).toEqual({
      protocol: 'tcp',
      sequence: { form: 'relative', first: 1, length: 1460 },
      udp: undefined,
    })
  })

  test('quote a segment inside UDP, a datagram, or anything', () => {
    expect(icmp('< icmp unreachable [0:0(0)/udp(1 > 2)]').quote).toMatchObject({
      udp: { source: 1, destination: 2 },
    })
    expect(icmp('< icmp unreachable [udp (8)]').quote).toEqual({ protocol: 'udp', length: 8 })
    expect(icmp('< icmp unreachable [raw (9)]').quote).toEqual({ protocol: 'raw', length: 9 })
  })

  test('take what is said about the IP header', () => {
    expect(icmp('< [ttl 3] icmp echo_request').ip.ttl).toBe(3)
  })

  test.each([
    ['icmp', '1:9: expected an ICMP type, found the end of the file'],
    ['icmp unreached', '1:10: expected an ICMP type, such as `unreachable` or `type_3`, found `unreached`'],
    ['icmp type_256', '1:10: expected an ICMP type, such as `unreachable` or `type_3`, found `type_256`'],
    ['icmp redirect frag_needed', '1:19: expected a code of ICMP `redirect`, found `frag_needed`'],
    [
      'icmp unreachable host_unknown mtu 9',
      '1:35: expected `mtu` with `unreachable frag_needed` only, found `mtu`',
    ],
    ['icmp unreachable [1:1(0)', '1:29: expected `]`, found the end of the file'],
  ])('%s', (text, message) => {
    expect(errorOf(`0 < ${text}`)).toBe(`a.pkt:${message}`)
  })
})
