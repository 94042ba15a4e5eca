import { Arena } from '../../src/base/arena.ts'
import { Column, PacketFlag } from '../../src/base/packet-table.ts'
import { addon, Tun } from '../../src/device/tun.ts'
import type { TunOptions } from '../../src/device/tun-options.ts'

/** What the scripts that run inside a namespace are made of. */

export const HOST = 0x0a090001
export const OURS = 0x0a090002
export const MB = 1 << 20

/** A device with the kernel's end at 10.9.0.1/24, over an arena of its own. */
export const open = (options: TunOptions = {}): Tun =>
  new Tun(new Arena(4 * MB), { name: 'tst0', hostAddress: { address: HOST, prefix: 24 }, ...options })

export const say = (text: unknown): void =>
  console.log(typeof text === 'string' ? text : JSON.stringify(text))

/** What a failure looks like from outside. */
export function failureOf(action: () => unknown): unknown {
  try {
    action()
    return 'no failure'
  } catch (error) {
    const { code, errno, syscall, device, message } = error as NodeJS.ErrnoException & { device?: string }
    return { code, errno, syscall, device, message }
  }
}

/** Answers every ICMP echo request of the batch: addresses swapped, type 0, payload gathered in two ranges. */
export function answerEchoes(tun: Tun): number {
  const { input, memory } = tun
  const count = tun.readBatch()
  for (let row = 0; row < count; row++) {
    const from = input.get(row, Column.Head)
    const length = input.get(row, Column.HeadLength)
    if (memory[from] !== 0x45 || memory[from + 9] !== 1 || memory[from + 20] !== 8) continue
    const head = tun.room()
    memory.copyWithin(head, from, from + 28)
    memory.copyWithin(head + 12, from + 16, from + 20)
    memory.copyWithin(head + 16, from + 12, from + 16)
    memory.fill(0, head + 20, head + 24)
    const first = (length - 28) >> 1
    tun.push(28, from + 28, first, from + 28 + first, length - 28 - first, PacketFlag.NeedsChecksum, 0, 20, 2)
  }
  tun.flush()
  return count
}

/** Serves echo requests until the device is released. */
export function serveEchoes(tun: Tun): void {
  tun.serve(() => {
    answerEchoes(tun)
  })
}

/** Whether the addon is built. With TUNSTACK_REQUIRE=tools it must be. */
export function hasAddon(): boolean {
  try {
    return addon() !== undefined
  } catch (error) {
    if (process.env.TUNSTACK_REQUIRE === 'tools') throw error
    console.warn('skipped: the addon is not built')
    return false
  }
}
