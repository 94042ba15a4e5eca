import { describe, expect, test } from 'vitest'
import { seePacket } from '../../src/conformance/read-packet.ts'
import { splitSegment } from '../../src/conformance/split-segment.ts'
import { Ipv4Header, readIpv4 } from '../../src/wire/ipv4.ts'
import { Flag } from '../../src/wire/tcp.ts'
import { pattern, tcpPacket } from '../support/packets.ts'

const FLAGS = Flag.Ack | Flag.Psh | Flag.Fin | Flag.Cwr

describe('a super-segment is cut as a kernel does it', () => {
  const packet = tcpPacket(pattern(2500), { seq: 0xffff_fc00 | 0, ack: 7, flags: FLAGS, id: 0xffff })
  const segments = splitSegment(packet, 1000)
  const seen = segments.map(seePacket)

  test('into whole pieces and a rest', () => {
    expect(seen.map(({ tcp }) => tcp?.length)).toEqual([1000, 1000, 500])
    const payload = segments.flatMap((segment) => [...segment.subarray(40)])
    expect(Uint8Array.from(payload)).toEqual(pattern(2500))
  })

  test('whose numbers and checksums are right', () => {
    expect(seen.map(({ ipFault, tcp }) => ipFault ?? tcp?.fault)).toEqual([undefined, undefined, undefined])
    expect(seen.map(({ tcp }) => tcp?.seq)).toEqual([-1024, -24, 976])
    const header = new Ipv4Header()
    const ids = segments.map((segment) => {
      readIpv4(header, segment, 0, segment.length)
      return header.id
    })
    expect(ids).toEqual([0xffff, 0, 1])
  })

  test('of which the first has CWR, and the last PSH and FIN', () => {
    expect(seen.map(({ flags }) => flags)).toEqual([
      Flag.Ack | Flag.Cwr,
      Flag.Ack,
      Flag.Ack | Flag.Psh | Flag.Fin,
    ])
  })

  test('a packet of one piece stays as it is', () => {
    const single = tcpPacket(pattern(1000), { flags: FLAGS })
    expect(splitSegment(single, 1000)).toEqual([single])
  })
})
