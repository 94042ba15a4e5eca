import type { Host, HostOptions } from '../../src/sim/host.ts'
import type { LinkOptions } from '../../src/sim/link.ts'
import { World, type WorldOptions } from '../../src/sim/world.ts'
import { Sockets } from '../../src/socket/sockets.ts'
import { ip } from './packets.ts'

export const A = ip('10.9.0.1')
export const B = ip('10.9.0.2')

/** A simulated host with its sockets. */
export interface SocketHost extends Host {
  readonly sockets: Sockets
}

/** Adds a host whose sockets tell the world's time. */
export function addHost(world: World, options: HostOptions): SocketHost {
  const host = world.addHost(options)
  return Object.assign(host, { sockets: new Sockets(host.stack, world) })
}

/** Two hosts, 10.9.0.1 and 10.9.0.2, joined by a link. */
export function pair(
  link: LinkOptions = {},
  host: Partial<HostOptions> = {},
  options: WorldOptions = {},
): { world: World; a: SocketHost; b: SocketHost } {
  const world = new World(options)
  const a = addHost(world, { address: A, name: 'a', ...host })
  const b = addHost(world, { address: B, name: 'b', ...host })
  world.connect(a, b, link)
  return { world, a, b }
}
