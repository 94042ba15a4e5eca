import { MICROSECOND, MILLISECOND, SECOND } from '../base/time.ts'
import { type Impairments, NO_IMPAIRMENTS } from '../device/impairments.ts'
import { UsageError } from './errors.ts'
import { suggestion } from './nearest.ts'

const DELAY_UNITS = new Map<string, number>([
  ['us', MICROSECOND],
  ['ms', MILLISECOND],
  ['s', SECOND],
])

/** Decimal, as `tc` has them. */
const RATE_UNITS = new Map<string, number>([
  ['bit', 1],
  ['kbit', 1e3],
  ['mbit', 1e6],
  ['gbit', 1e9],
])

const PERCENT = new Map<string, number>([['%', 0.01]])

const READERS: Record<keyof Impairments, (text: string) => number> = {
  loss: probability,
  reorder: probability,
  duplicate: probability,
  corrupt: probability,
  delay: (text) => quantity(text, DELAY_UNITS, '20ms'),
  rate: (text) => quantity(text, RATE_UNITS, '10mbit'),
}

const isName = (name: string): name is keyof Impairments => Object.hasOwn(READERS, name)

/** Reads `loss=1%,delay=20ms,reorder=5%,duplicate=1%,corrupt=0.1%,rate=10mbit`, any of them. Throws UsageError. */
export function parseImpairments(text: string): Impairments {
  const found: Impairments = { ...NO_IMPAIRMENTS }
  const seen = new Set<string>()
  for (const item of text.split(',')) {
    const [name = '', value, ...rest] = item.trim().split('=')
    if (!isName(name))
      throw new UsageError(`no impairment '${name}'${suggestion(name, Object.keys(READERS))}`)
    if (value === undefined || rest.length > 0) throw new UsageError(`'${item}' is not NAME=VALUE`)
    if (seen.has(name)) throw new UsageError(`'${name}' is given twice`)
    seen.add(name)
    found[name] = READERS[name](value)
  }
  return found
}

function probability(text: string): number {
  const value = quantity(text, PERCENT, '1%')
  if (value > 1) throw new UsageError(`'${text}' is more than 100%`)
  return value
}

function quantity(text: string, units: Map<string, number>, example: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([a-z%]+)$/i.exec(text) ?? []
  const scale = units.get(unit?.toLowerCase() ?? '')
  if (number === undefined || scale === undefined) {
    throw new UsageError(
      `'${text}' is not a number with a unit (${[...units.keys()].join(', ')}), as in ${example}`,
    )
  }
  return Number(number) * scale
}
