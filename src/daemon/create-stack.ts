import { randomBytes } from 'node:crypto'
import { closeSync } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { Arena } from '../base/arena.ts'
import { SeededRandom } from '../base/random.ts'
import { MILLISECOND, SECOND } from '../base/time.ts'
import { type PolledDevice, TunDriver } from '../device/driver.ts'
import { ImpairedDevice } from '../device/impaired-device.ts'
import { queueOf } from '../device/queues.ts'
import { RealClock } from '../device/real-clock.ts'
import { TappedDevice } from '../device/tap.ts'
import { Tun } from '../device/tun.ts'
import type { TunOptions } from '../device/tun-options.ts'
import { Sockets } from '../socket/sockets.ts'
import { Stack } from '../stack/stack.ts'
import { Sysctls } from '../stack/sysctls.ts'
import { CaptureFile } from './capture-file.ts'
import type { DaemonConfig } from './config.ts'
import { codeOf, DaemonError, messageOf } from './errors.ts'
import { collectTwice } from './garbage.ts'
import type { Logger } from './logging.ts'
import { ownersOf, type Queue, shareQueue } from './queue.ts'
import { RunningStack } from './running-stack.ts'
import { openServices } from './services/open-services.ts'
import { applySysctls } from './sysctls.ts'

/** All that packets and streams may hold, bytes: address space until it is used. */
const MEMORY = 512 * 1024 * 1024

/** What each of many stacks has at least. */
const LEAST_MEMORY = 64 * 1024 * 1024

/**
 * Opens the device and builds stack and services on it; or with `queue` on one of the device's queues, beside other stacks. Throws UsageError
 * (sysctls) and DaemonError (device).
 */
export async function createStack(config: DaemonConfig, log: Logger, queue?: Queue): Promise<RunningStack> {
  const sysctls = new Sysctls()
  applySysctls(sysctls, config.sysctls)
  const arena = new Arena(Math.max(MEMORY / (queue?.commons.count ?? 1), LEAST_MEMORY))
  const tun = openTun(arena, config, log, queue)
  try {
    const owners = queue === undefined ? undefined : ownersOf(queue, sysctls)
    const stack = new Stack({
      arena,
      address: config.address,
      seed: randomBytes(16),
      mtu: tun.mtu,
      sysctls,
      quietTime: config.quietTime * SECOND,
      owners,
    })
    const clock = new RealClock()
    const sockets = new Sockets(stack, {
      get now() {
        return clock.now()
      },
    })
    const services = openServices(sockets, config.services, () => new Date())
    const capture = openCapture(config, clock, log, queue)
    const fault = (error: unknown): void => log.error({ err: error }, 'a fault in the stack')
    const shared = queue === undefined ? undefined : shareQueue(tun, stack, queue)
    const device = wrap(shared?.device ?? tun, arena, config, queue?.index ?? 0, capture)
    const driver = new TunDriver(stack, device, clock, fault)
    stack.onFault = fault
    stack.onWake = () => driver.wake()
    sockets.tcp.rests.onCrowd = collectTwice()
    const watchesDevice = (queue?.index ?? 0) === 0
    const onEnd = (): void => shared?.close()
    return new RunningStack({
      config,
      log,
      tun,
      clock,
      driver,
      sockets,
      services,
      capture,
      watchesDevice,
      ...(queue && { told: new Int32Array(queue.commons.told) }),
      onEnd,
    })
  } catch (error) {
    tun.release()
    throw error instanceof DaemonError ? error : new DaemonError(codeOf(error), messageOf(error))
  }
}

/** The device as the stack sees it: behind its impairments, and with every packet captured. */
function wrap(
  bare: PolledDevice,
  arena: Arena,
  config: DaemonConfig,
  index: number,
  capture: CaptureFile | undefined,
): PolledDevice {
  let device = bare
  if (config.impair !== undefined) {
    device = new ImpairedDevice(device, arena, config.impair, new SeededRandom(config.seed + index))
  }
  return capture === undefined ? device : new TappedDevice(device, capture.writer)
}

function openCapture(
  config: DaemonConfig,
  clock: RealClock,
  log: Logger,
  queue: Queue | undefined,
): CaptureFile | undefined {
  if (config.pcap === undefined) return undefined
  const epoch = Date.now() - clock.now() / MILLISECOND
  return new CaptureFile(config.pcap, config.dev, epoch, log, queue?.capture)
}

/** The descriptor or the name that the device is opened by. */
function sourceOf(config: DaemonConfig, queue: Queue | undefined): TunOptions {
  if (queue !== undefined) return { fd: queueOf(queue.commons, queue.index), multiQueue: true }
  return config.tunFd === undefined ? { name: config.dev } : { fd: config.tunFd }
}

function openTun(arena: Arena, config: DaemonConfig, log: Logger, queue: Queue | undefined): Tun {
  const { prefix } = config.address
  const source = sourceOf(config, queue)
  try {
    const tun = new Tun(arena, {
      ...source,
      mtu: config.mtu,
      hostAddress: { address: config.hostAddress, prefix },
      ...(prefix === 32 ? { peer: config.address.address } : {}),
      up: true,
      // Impairments are for packets of at most the MTU, with complete checksums.
      offload: config.offload && config.impair === undefined,
      ring: config.ring,
      gro: config.gro && config.impair === undefined,
    })
    tun.once('no-ring', (error) => {
      log.info(`${tun.name}: no io_uring (${getSystemErrorName(-error)}), so packets are written one by one`)
    })
    if (tun.offloadError !== 0 && (queue?.index ?? 0) === 0)
      log.warn(`${tun.name}: no offload, since ${reasonAgainst(tun.offloadError)}`)
    return tun
  } catch (error) {
    if (queue !== undefined) closeSync(source.fd!) // made for this device, which does not take it
    throw new DaemonError(codeOf(error), messageOf(error))
  }
}

function reasonAgainst(offloadError: number): string {
  const name = getSystemErrorName(-offloadError)
  return name === 'ENOTSUP' // as Node calls EOPNOTSUPP
    ? 'its descriptor was opened without IFF_VNET_HDR'
    : `the kernel refuses it (TUNSETOFFLOAD: ${name})`
}
