import type { Random } from '../base/random.ts'
import { Bbr } from './bbr.ts'
import type { CongestionController } from './congestion.ts'
import { Cubic } from './cubic.ts'
import { NewReno } from './newreno.ts'

/** The congestion controllers that `tcp_congestion_control` and TCP_CONGESTION can name. */
const CONTROLLERS: Readonly<Record<string, (random: Random) => CongestionController>> = {
  bbr: (random) => new Bbr(random),
  cubic: () => new Cubic(),
  reno: () => new NewReno(),
}

export const controllerNames = (): string[] => Object.keys(CONTROLLERS)

/** A controller by its name; an unknown one is a fault, since names are checked when they are set. */
export function createController(name: string, random: Random): CongestionController {
  const create = CONTROLLERS[name]
  if (create === undefined) throw new Error(`no congestion controller ${name}`)
  return create(random)
}
