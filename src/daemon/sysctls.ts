import { Sysctls } from '../stack/sysctls.ts'
import { UsageError } from './errors.ts'
import { suggestion } from './nearest.ts'

const PREFIX = 'net.ipv4.'

/** Reads `KEY=VALUE` into a pair; the key with or without `net.ipv4.`, and without it from here on. Throws UsageError. */
export function parseSysctl(text: string): [key: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`'${text}' is not KEY=VALUE`)
  return [shortName(text.slice(0, at).trim()), text.slice(at + 1).trim()]
}

/** `net.ipv4.tcp_sack` to `tcp_sack`. Throws UsageError for a key that is refused whatever its value. */
export function shortName(key: string): string {
  const reason = Sysctls.refusalOf(key)
  if (reason !== undefined) throw new UsageError(`${key} is refused: ${reason}`)
  return withoutPrefix(key)
}

const withoutPrefix = (name: string): string => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name)

/** Says that there is no such key, and what may be meant. */
export function unknownSysctl(sysctls: Sysctls, key: string): UsageError {
  const names = sysctls.list().map(withoutPrefix)
  return new UsageError(`no sysctl '${key}'${suggestion(withoutPrefix(key), names)}`)
}

/** Sets tunables by their names, short or whole. Throws UsageError. */
export function applySysctls(sysctls: Sysctls, values: ReadonlyMap<string, string>): void {
  for (const [key, text] of values) {
    if (sysctls.get(key) === undefined) throw unknownSysctl(sysctls, key)
    const reason = sysctls.set(key, text)
    if (reason !== undefined) throw new UsageError(reason)
  }
}
