import { put32 } from '../../wire/bytes.ts'
import { once } from './once.ts'
import type { Service, WallClock } from './service.ts'

/** Seconds from 1900, where RFC 868 begins to count, to 1970. */
const EPOCH = 2_208_988_800

/** RFC 868: the seconds since 1900 as 32 bits, which wrap in 2036. */
export function time(clock: WallClock): Service {
  const now = (): Uint8Array => {
    const bytes = new Uint8Array(4)
    put32(bytes, 0, (Math.floor(clock().getTime() / 1000) + EPOCH) | 0)
    return bytes
  }
  return {
    name: 'time',
    converse: (socket) => once(socket, now()),
    answer: (buffer) => {
      buffer.set(now())
      return 4
    },
  }
}
