import { describe, expect, test, vi } from 'vitest'
import { type Namespace, requireTools, withNamespace } from '../support/netns.ts'

vi.setConfig({ testTimeout: 60_000 })

const reason = requireTools('ip', 'ping')

const IMPORTS = `import { open, say, serveEchoes, answerEchoes } from './test/native/harness.ts'
import { RealClock } from './src/device/real-clock.ts'
`

/** A module that defines `serve`, which starts a worker with a device. */
const WORKERS = `import { Worker } from 'node:worker_threads'
const execArgv = ['--import', './test/support/typescript-loader.mjs']
const serve = (workerData) => new Worker('./test/native/worker.mjs', { execArgv, workerData })
`

const isThere = (namespace: Namespace) => namespace.run('ip link show tst0').status === 0

describe.skipIf(reason)('a process with an open device ends', () => {
  test('naturally, once the device is released', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        const tun = open(), clock = new RealClock()
        serveEchoes(tun)
        setTimeout(() => { tun.release(); clock.close(); clock.close() }, 50)`)
      expect(await program.exit(5000), program.stderr).toBe(0)
    }))

  test('naturally, with nothing but unreferenced handles', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        const tun = open(), clock = new RealClock()
        serveEchoes(tun); tun.unref(); clock.unref(); clock.armAt(3600e6)`)
      expect(await program.exit(5000), program.stderr).toBe(0)
      expect(isThere(namespace)).toBe(false)
    }))

  test('by process.exit, while the device is served', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        const tun = open(), clock = new RealClock()
        serveEchoes(tun); clock.armAt(3600e6)
        setTimeout(() => process.exit(3), 50)`)
      expect(await program.exit(5000), program.stderr).toBe(3)
      expect(isThere(namespace)).toBe(false)
    }))

  test('by process.exit or release in the middle of a callback', () =>
    withNamespace(async (namespace) => {
      for (const last of ['process.exit(4)', 'tun.release(); process.exitCode = 4']) {
        const program = namespace.script(`${IMPORTS}
          const tun = open()
          tun.serve(() => { answerEchoes(tun); ${last} })
          say('ready')`)
        await program.says('ready')
        namespace.run('ping -c 1 -W 1 10.9.0.2')
        expect(await program.exit(5000), program.stderr).toBe(4)
      }
    }))

  test('by an exception in the callback, as by any other', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        const tun = open()
        tun.serve(() => { tun.readBatch(); throw new Error('thrown in the callback') })
        say('ready')`)
      await program.says('ready')
      namespace.run('ping -c 1 -W 1 10.9.0.2')
      expect(await program.exit(5000)).toBe(1)
      expect(program.stderr).toContain('thrown in the callback')
    }))

  test('promises of a callback go on before the next', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        const clock = new RealClock(), order = []
        clock.onDue = () => {
          if (order.length > 3) { say(order.join()); clock.close(); return }
          order.push('due'); Promise.resolve().then(() => order.push('promise')); clock.armAt(0)
        }
        clock.armAt(0)`)
      expect(await program.exit(5000), program.stderr).toBe(0)
      expect(program.stdout.trim()).toBe('due,promise,due,promise')
    }))
})

describe.skipIf(reason)('worker threads', () => {
  test('terminate() ends a worker that serves a device, idle or under load', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${WORKERS}
        for (const load of ['idle', 'load', 'load']) {
          const worker = serve()
          await new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject) })
          console.log('serving ' + load)
          await new Promise((resolve) => process.stdin.once('data', resolve))
          console.log('terminated ' + (await worker.terminate()))
        }
        process.exit(0)`)
      for (const load of ['idle', 'load', 'load']) {
        await program.until(() => program.stdout.trim().endsWith(`serving ${load}`), `serve (${load})`)
        const flood =
          load === 'load' ? namespace.start(['ping', '-q', '-f', '-c', '100000', '10.9.0.2']) : undefined
        await new Promise((resolve) => setTimeout(resolve, 200))
        program.tell('terminate')
        await program.until(() => program.stdout.trim().endsWith('terminated 1'), 'terminate', 5000)
        await flood?.kill('SIGINT')
        expect(isThere(namespace)).toBe(false)
      }
      expect(await program.exit(5000), program.stderr).toBe(0)
    }))

  test('a worker ends by itself, by process.exit, and together with the main thread', () =>
    withNamespace(async (namespace) => {
      for (const ending of ['release', 'exit', 'unref']) {
        const program = namespace.script(`${WORKERS}
          const worker = serve('${ending}')
          worker.once('exit', (code) => console.log('exit ' + code))`)
        expect(await program.exit(5000), program.stderr).toBe(0)
        expect(program.stdout).toBe('exit 0\n')
      }
      const program = namespace.script(`${WORKERS}
        const worker = serve()
        worker.once('message', () => process.exit(5))`)
      expect(await program.exit(5000), program.stderr).toBe(5)
    }))

  test('two environments have a device each', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}${WORKERS}
        const tun = open({ name: 'tst1', hostAddress: { address: 0x0a0a0001, prefix: 24 } })
        serveEchoes(tun)
        const worker = serve()
        worker.once('message', () => say('ready'))
        process.stdin.once('data', async () => { await worker.terminate(); say('one left') })`)
      await program.says('ready')
      expect(namespace.run('ping -c 1 -W 1 10.9.0.2').status).toBe(0)
      expect(namespace.run('ping -c 1 -W 1 10.10.0.2').status).toBe(0)
      program.tell('terminate')
      await program.says('one left')
      expect(namespace.run('ping -c 1 -W 1 10.10.0.2').status).toBe(0)
    }))
})
