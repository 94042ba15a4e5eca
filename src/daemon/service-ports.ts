import { UsageError } from './errors.ts'
import { suggestion } from './nearest.ts'

/** A service and the port (TCP and UDP where it has both) that it answers on. */
export interface ServicePort {
  name: string
  port: number
}

/** Every service there is, with the port that it has by default. */
export const WELL_KNOWN: ReadonlyMap<string, number> = new Map([
  ['echo', 7],
  ['discard', 9],
  ['daytime', 13],
  ['chargen', 19],
  ['time', 37],
  ['talk', 9502],
])

export const DEFAULT_SERVICES: readonly ServicePort[] = [...WELL_KNOWN].map(([name, port]) => ({
  name,
  port,
}))

/** Reads `NAME:PORT`, or `NAME` for its own port. Throws UsageError. */
export function parseService(text: string): ServicePort {
  const [name = '', digits, ...rest] = text.split(':')
  const usual = WELL_KNOWN.get(name)
  if (usual === undefined) throw new UsageError(`no service '${name}'${suggestion(name, WELL_KNOWN.keys())}`)
  if (digits === undefined) return { name, port: usual }
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0
  if (rest.length > 0 || port < 1 || port > 65535)
    throw new UsageError(`'${text}' is not NAME:PORT, port 1 to 65535`)
  return { name, port }
}

/** Throws UsageError when two services want one port. */
export function requireDistinctPorts(services: readonly ServicePort[]): void {
  const owners = new Map<number, string>()
  for (const { name, port } of services) {
    const owner = owners.get(port)
    if (owner !== undefined) throw new UsageError(`port ${port} is given to ${owner} and to ${name}`)
    owners.set(port, name)
  }
}
