import { Column, PacketFlag } from '../../src/base/packet-table.ts'
import type { Tun } from '../../src/device/tun.ts'
import { put16, put32, u16, u32 } from '../../src/wire/bytes.ts'
import { sum } from '../../src/wire/checksum.ts'
import { writeIpv4 } from '../../src/wire/ipv4.ts'

const SYN = 2
const ACK = 16

/** Accepts a connection with an MSS of 1,000 and a large window, and says what super-segments come. */
export function setup(tun: Tun, say: (text: string) => void): void {
  tun.serve(() => {
    const count = tun.readBatch()
    for (let row = 0; row < count; row++) {
      const at = tun.input.get(row, Column.Head)
      const length = tun.input.get(row, Column.HeadLength)
      const { memory } = tun
      if (memory[at] !== 0x45 || memory[at + 9] !== 6) continue
      if ((memory[at + 33]! & SYN) !== 0) answer(tun, at)
      if ((tun.input.get(row, Column.Flags) & PacketFlag.Gso) !== 0) {
        say(`super-segment ${tun.input.get(row, Column.GsoSize)} ${length}`)
      }
    }
    tun.flush()
  })
}

function answer(tun: Tun, at: number): void {
  const { memory } = tun
  const [source, destination] = [u32(memory, at + 12), u32(memory, at + 16)]
  const head = tun.room()
  writeIpv4(memory, head, 44, 0, 0, 0, 64, 6, destination | 0, source | 0)
  const tcp = head + 20
  put16(memory, tcp, u16(memory, at + 22))
  put16(memory, tcp + 2, u16(memory, at + 20))
  put32(memory, tcp + 4, 1)
  put32(memory, tcp + 8, (u32(memory, at + 24) + 1) | 0)
  put16(memory, tcp + 12, (6 << 12) | SYN | ACK)
  put16(memory, tcp + 14, 65535)
  put32(memory, tcp + 16, 0)
  put32(memory, tcp + 20, (2 << 24) | (4 << 16) | 1000)
  // The pseudo-header's sum; the kernel completes it.
  let pseudo = sum(memory, head + 12, 8) + 6 + 24
  while (pseudo > 0xffff) pseudo = (pseudo & 0xffff) + (pseudo >>> 16)
  put16(memory, tcp + 16, pseudo)
  tun.push(44, 0, 0, 0, 0, PacketFlag.NeedsChecksum, 0, 20, 16)
}
