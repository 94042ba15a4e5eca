import { randomBytes } from 'node:crypto'
import { getSystemErrorName } from 'node:util'
import { Arena } from '../base/arena.ts'
import { SeededRandom } from '../base/random.ts'
import { MILLISECOND, SECOND } from '../base/time.ts'
import { type PolledDevice, TunDriver } from '../device/driver.ts'
import { ImpairedDevice } from '../device/impaired-device.ts'
import { RealClock } from '../device/real-clock.ts'
import { TappedDevice } from '../device/tap.ts'
import { Tun } from '../device/tun.ts'
import { Sockets } from '../socket/sockets.ts'
import { Stack } from '../stack/stack.ts'
import { Sysctls } from '../stack/sysctls.ts'
import { CaptureFile } from './capture-file.ts'
import type { DaemonConfig } from './config.ts'
import { tuneEngine } from './engine.ts'
import { codeOf, DaemonError, messageOf } from './errors.ts'
import type { Logger } from './logging.ts'
import { RunningStack } from './running-stack.ts'
import type { ServedStack } from './served-stack.ts'
import { openServices } from './services/open-services.ts'
import { applySysctls } from './sysctls.ts'

/** All that packets and streams may hold, bytes: address space until it is used. */
const MEMORY = 512 * 1024 * 1024

/** Opens the device and builds stack and services on it. Throws UsageError (sysctls) and DaemonError (device). */
export async function createStack(config: DaemonConfig, log: Logger): Promise<ServedStack> {
  tuneEngine()
  const sysctls = new Sysctls()
  applySysctls(sysctls, config.sysctls)
  const arena = new Arena(MEMORY)
  const tun = openTun(arena, config, log)
  try {
    const stack = new Stack({
      arena,
      address: config.address,
      seed: randomBytes(16),
      mtu: tun.mtu,
      sysctls,
      quietTime: config.quietTime * SECOND,
    })
    const clock = new RealClock()
    const sockets = new Sockets(stack, {
      get now() {
        return clock.now()
      },
    })
    const services = openServices(sockets, config.services, () => new Date())
    const capture = openCapture(config, clock, log)
    const fault = (error: unknown): void => log.error({ err: error }, 'a fault in the stack')
    const driver = new TunDriver(stack, wrap(tun, arena, config, capture), clock, fault)
    stack.onFault = fault
    stack.onWake = () => driver.wake()
    return new RunningStack({ config, log, tun, clock, driver, sockets, services, capture })
  } catch (error) {
    tun.release()
    throw error instanceof DaemonError ? error : new DaemonError(codeOf(error), messageOf(error))
  }
}

/** The device as the stack sees it: behind its impairments, and with every packet captured. */
function wrap(tun: Tun, arena: Arena, config: DaemonConfig, capture: CaptureFile | undefined): PolledDevice {
  let device: PolledDevice = tun
  if (config.impair !== undefined) {
    device = new ImpairedDevice(device, arena, config.impair, new SeededRandom(config.seed))
  }
  return capture === undefined ? device : new TappedDevice(device, capture.writer)
}

function openCapture(config: DaemonConfig, clock: RealClock, log: Logger): CaptureFile | undefined {
  if (config.pcap === undefined) return undefined
  return new CaptureFile(config.pcap, config.dev, Date.now() - clock.now() / MILLISECOND, log)
}

function openTun(arena: Arena, config: DaemonConfig, log: Logger): Tun {
  const { prefix } = config.address
  try {
    const tun = new Tun(arena, {
      ...(config.tunFd === undefined ? { name: config.dev } : { fd: config.tunFd }),
      mtu: config.mtu,
      hostAddress: { address: config.hostAddress, prefix },
      ...(prefix === 32 ? { peer: config.address.address } : {}),
      up: true,
      // Impairments are for packets of at most the MTU, with complete checksums.
      offload: config.offload && config.impair === undefined,
    })
    if (tun.offloadError !== 0) log.warn(`${tun.name}: no offload, since ${reasonAgainst(tun.offloadError)}`)
    return tun
  } catch (error) {
    throw new DaemonError(codeOf(error), messageOf(error))
  }
}

function reasonAgainst(offloadError: number): string {
  const name = getSystemErrorName(-offloadError)
  return name === 'ENOTSUP' // as Node calls EOPNOTSUPP
    ? 'its descriptor was opened without IFF_VNET_HDR'
    : `the kernel refuses it (TUNSETOFFLOAD: ${name})`
}
