import { UsageError } from './errors.ts'
import { suggestion } from './nearest.ts'

const PREFIX = 'net.ipv4.'

/** Tunables that others have and we refuse, with the reason. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  [
    'tcp_tw_recycle',
    'it drops connections of clients behind one address translator, and Linux removed it in 4.12; see tcp_tw_reuse',
  ],
])

/** Reads `KEY=VALUE` into a pair; the key with or without `net.ipv4.`, and without it from here on. Throws UsageError. */
export function parseSysctl(text: string): [key: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`'${text}' is not KEY=VALUE`)
  return [shortName(text.slice(0, at).trim()), text.slice(at + 1).trim()]
}

/** `net.ipv4.tcp_sack` to `tcp_sack`. Throws UsageError for one that is refused. */
export function shortName(key: string): string {
  const name = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key
  const reason = REFUSED.get(name)
  if (reason !== undefined) throw new UsageError(`${PREFIX}${name} is refused: ${reason}`)
  return name
}

/**
 * Sets tunables, by their short names, in whichever of the `tables` has a field of that name. A field's present value says what it
 * takes: a number, a list of as many numbers, or a word. Throws UsageError.
 */
export function applySysctls(tables: readonly object[], values: ReadonlyMap<string, string>): void {
  for (const [key, text] of values) {
    const table = tables.find((each) => Object.hasOwn(each, key)) as Record<string, unknown> | undefined
    if (table === undefined) {
      const near = suggestion(key, tables.flatMap(Object.keys))
      throw new UsageError(`no sysctl '${PREFIX}${key}'${near}`)
    }
    table[key] = readLike(table[key], text, key)
  }
}

function readLike(present: unknown, text: string, key: string): unknown {
  if (typeof present === 'number') return integer(text, key)
  if (!Array.isArray(present)) return text
  const parts = text.split(/[\s,]+/)
  if (parts.length !== present.length) {
    throw new UsageError(`${PREFIX}${key} takes ${present.length} numbers, not '${text}'`)
  }
  return parts.map((part) => integer(part, key))
}

function integer(text: string, key: string): number {
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new UsageError(`${PREFIX}${key} takes an integer, not '${text}'`)
  }
  return value
}
