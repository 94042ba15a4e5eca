import type { Sockets } from '../../socket/sockets.ts'
import type { ServicePort } from '../service-ports.ts'
import { chargen } from './chargen.ts'
import { daytime } from './daytime.ts'
import { discard } from './discard.ts'
import { echo } from './echo.ts'
import { DatagramHost, StreamHost } from './hosts.ts'
import type { Service, WallClock } from './service.ts'
import { talk } from './talk.ts'
import { time } from './time.ts'

/** Something that was opened and can be closed in order. */
export interface Open {
  close(): void
}

/** Opens every service on its port. Throws an Error that names service, port and errno. */
export function openServices(sockets: Sockets, ports: readonly ServicePort[], clock: WallClock): Open[] {
  const services = new Map<string, Service>(
    [echo, discard, daytime(clock), chargen, time(clock), talk].map((service) => [service.name, service]),
  )
  const open: Open[] = []
  for (const { name, port } of ports) {
    const service = services.get(name)
    if (service === undefined) throw new Error(`no service ${name}`)
    open.push(new StreamHost(sockets, service, port))
    const { answer } = service
    if (answer !== undefined) open.push(new DatagramHost(sockets, service, answer, port))
  }
  return open
}
