import { expect, test } from 'vitest'
import { SECOND } from '../../src/base/time.ts'
import type { Logger } from '../../src/daemon/logging.ts'
import { QueueWatch } from '../../src/daemon/queue-watch.ts'
import type { LinkCounters } from '../../src/device/tun-options.ts'

test('what the kernel drops is told, at most once a second, and only what is new', () => {
  const lines: unknown[] = []
  let txDropped = 5
  let looks = 0
  const device = {
    name: 'tun9',
    counters: () => {
      looks++
      if (txDropped < 0) throw new Error('deleted')
      return { txDropped } as LinkCounters
    },
  }
  const log = { warn: (record: object, text: string) => lines.push([record, text]) } as unknown as Logger
  const watch = new QueueWatch(device, log)
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
