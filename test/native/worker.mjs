// A worker thread that serves a device. `workerData`: how it ends; without it, never. `ring`: many packets a system call.
import { parentPort, workerData } from 'node:worker_threads'

const { open, serveEchoes } = await import('./harness.ts')
const { RealClock } = await import('../../src/device/real-clock.ts')

const tun = open({ ring: workerData === 'ring' })
const clock = new RealClock()
serveEchoes(tun)
clock.onDue = () => clock.armAt(clock.now() + 100)
clock.armAt(0)
parentPort.postMessage('serving')

if (workerData === 'release') {
  setTimeout(() => {
    tun.release()
    clock.close()
  }, 30)
} else if (workerData === 'exit') {
  setTimeout(() => process.exit(0), 30)
} else if (workerData === 'unref') {
  tun.unref()
  clock.unref()
}
