import { SeededRandom } from '../../src/base/random.ts'
import type { Device } from '../../src/device/device.ts'
import { ImpairedDevice } from '../../src/device/impaired-device.ts'
import { NO_IMPAIRMENTS } from '../../src/device/impairments.ts'
import { PcapWriter } from '../../src/device/pcap.ts'
import { TappedDevice } from '../../src/device/tap.ts'
import { MemoryBench } from '../support/memory-bench.ts'
import { type DeviceBench, deviceContract } from './device-contract.ts'

/** A memory device within another, and what lies beyond it. */
function around(wrap: (bench: MemoryBench) => Device): DeviceBench {
  const bench = new MemoryBench()
  return {
    device: wrap(bench),
    arena: bench.arena,
    arrive: (packets) => bench.arrive(packets),
    sent: () => bench.sent(),
  }
}

const impaired = (bench: MemoryBench): ImpairedDevice =>
  new ImpairedDevice(bench.device, bench.arena, NO_IMPAIRMENTS, new SeededRandom(1))

const tapped = (device: Device): TappedDevice =>
  new TappedDevice(device, new PcapWriter(() => true, { epoch: 0 }))

deviceContract('a memory device', () => around((bench) => bench.device))
deviceContract('a memory device with offload', () => new MemoryBench({ segmentationOffload: true }))
deviceContract('an impaired device without impairments', () => around(impaired))
deviceContract('a tapped device', () => around((bench) => tapped(bench.device)))
deviceContract('a tap on an impaired device', () => around((bench) => tapped(impaired(bench))))
