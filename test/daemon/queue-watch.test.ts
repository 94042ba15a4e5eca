import { expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import type { Logger } from '../../src/daemon/logging.ts'
import { QueueWatch, type WatchedDevice } from '../../src/daemon/queue-watch.ts'
import type { LinkCounters } from '../../src/device/tun-options.ts'

/** A device that has dropped so many packets; negative: it is gone. */
function deviceOf(dropped: () => number): WatchedDevice {
  return {
    name: 'tun9',
    counters: () => {
      const txDropped = dropped()
      if (txDropped < 0) throw new Error('deleted')
      return { txDropped } as LinkCounters
    },
  }
}

const logTo = (lines: unknown[]): Logger =>
  ({ warn: (record: object, text: string) => lines.push([record, text]) }) as unknown as Logger

test('what the kernel drops is told, at most once a second, and only what is new', () => {
  const lines: unknown[] = []
  let txDropped = 5
  let looks = 0
  const device = deviceOf(() => {
    looks++
    return txDropped
  })
  const watch = new QueueWatch(device, logTo(lines))
  watch.look(0)
  expect(lines).toEqual([])
  txDropped = 12
  watch.look(SECOND - 1)
  expect([lines, looks]).toEqual([[], 2])
  watch.look(SECOND)
  expect(lines).toEqual([[{ packets: 7 }, "tun9: the kernel's queue for us was full"]])
  watch.look(2 * SECOND)
  txDropped = -1
  watch.look(3 * SECOND)
  expect(lines).toHaveLength(1)
})

test('of several queues each one is told once, whichever is looked at, and across the wrap', () => {
  const lines: unknown[] = []
  let txDropped = 2 ** 32 - 3
  const told = new Int32Array(new SharedArrayBuffer(4))
  const device = deviceOf(() => txDropped)
  const [first, second] = [0, 1].map(() => new QueueWatch(device, logTo(lines), told))
  txDropped += 5
  second!.look(0)
  first!.look(0)
  txDropped += 2
  first!.look(SECOND)
  second!.look(SECOND)
  const text = "tun9: the kernel's queue for us was full"
  expect(lines).toEqual([
    [{ packets: 5 }, text],
    [{ packets: 2 }, text],
  ])
})
