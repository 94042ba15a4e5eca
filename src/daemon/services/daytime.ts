import { once } from './once.ts'
import type { Service, WallClock } from './service.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const encoder = new TextEncoder()

/** RFC 867: one line that says when it is, in the first of the formats that the RFC suggests. */
export function daytime(clock: WallClock): Service {
  const line = (): Uint8Array => encoder.encode(`${formatDaytime(clock())}\r\n`)
  return {
    name: 'daytime',
    converse: (socket) => once(socket, line()),
    answer: (buffer) => {
      const text = line()
      buffer.set(text)
      return text.length
    },
  }
}

/** `Friday, November 20, 2026 16:25:01-UTC`. */
export function formatDaytime(date: Date): string {
  const day = DAYS[date.getUTCDay()]
  const month = MONTHS[date.getUTCMonth()]
  const time = date.toISOString().slice(11, 19)
  return `${day}, ${month} ${date.getUTCDate()}, ${date.getUTCFullYear()} ${time}-UTC`
}
