import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { type Namespace, type Program, requireTools, withNamespace } from '../support/netns.ts'

vi.setConfig({ testTimeout: 60_000 })

const reason = requireTools('ip', 'ping')

/** A responder on tst0 that says what happens to its device, and obeys lines on standard input. */
const RESPONDER = `
import { open, say, serveEchoes, failureOf } from './test/native/harness.ts'
const tun = open(OPTIONS)
for (const event of ['up', 'down', 'gone', 'close']) tun.on(event, () => say(event))
serveEchoes(tun)
const orders = {
  cpu: () => say({ cpu: process.cpuUsage() }),
  write: () => say({ written: tun.write(new Uint8Array(40).fill(0x45)), writeErrors: tun.writeErrors }),
  counters: () => say(tun.counters()),
  reopen: () => say({ reopened: failureOf(() => tun.reopen()) }),
  end: () => { tun.release(); process.stdin.destroy() },
}
process.stdin.on('data', (text) => { for (const word of String(text).trim().split('\\n')) orders[word]() })
say('ready')
`

async function responder(namespace: Namespace, options: object = {}): Promise<Program> {
  const program = namespace.script(RESPONDER.replace('OPTIONS', JSON.stringify(options)))
  await program.says('ready')
  return program
}

const ping = (namespace: Namespace, options: string) => namespace.run(`ping -n ${options} 10.9.0.2`).stdout

/** CPU seconds of a process, by the kernel's count. */
function cpuTime(namespace: Namespace, pid: number | undefined): number {
  const fields = namespace
    .output(`cat /proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

describe.skipIf(reason)('packets', () => {
  for (const offload of [false, true]) {
    test(`[RFC1071 §1] echoes gathered from three ranges are accepted, odd sizes too${offload ? ' (offload)' : ''}`, () =>
      withNamespace(async (namespace) => {
        await responder(namespace, { offload })
        for (const size of [0, 1, 2, 3, 55, 56, 57, 58, 1471, 1472]) {
          expect(ping(namespace, `-c 2 -i 0.01 -w 5 -s ${size}`), `size ${size}`).toContain(' 0% packet loss')
        }
      }))
  }

  test('packets of up to 65,535 bytes pass in one piece', () =>
    withNamespace(async (namespace) => {
      await responder(namespace, { mtu: 65535 })
      for (const size of [8000, 65000, 65507]) {
        expect(ping(namespace, `-c 2 -i 0.01 -w 5 -s ${size}`), `size ${size}`).toContain(' 0% packet loss')
      }
    }))

  test('a flood is answered in full, batch after batch', () =>
    withNamespace(async (namespace) => {
      const program = await responder(namespace)
      expect(ping(namespace, '-q -f -c 5000 -l 100 -s 1000')).toContain(' 0% packet loss')
      program.tell('counters')
      await program.says('txDropped')
      const counters = JSON.parse(program.stdout.slice(program.stdout.indexOf('{')))
      expect(counters.rxPackets).toBeGreaterThanOrEqual(5000)
      expect(counters.txPackets).toBeGreaterThanOrEqual(5000)
      expect(counters.rxBytes).toBeGreaterThanOrEqual(5000 * 1028)
      expect(counters.txDropped).toBe(0)
    }))

  test('listeners to data get a copy of each packet, while there are any', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`
        import { open, say } from './test/native/harness.ts'
        const tun = open()
        const packets = []
        tun.on('data', function take(packet) {
          if (packet[0] >> 4 !== 4 || packets.push(packet) < 3) return
          tun.off('data', take)
          say(packets.map((p) => p.readUInt16BE(26)).join())
        })
        say('ready')`)
      await program.says('ready')
      ping(namespace, '-c 3 -i 0.01 -W 1')
      await program.says('1,2,3')
      expect(await program.exit()).toBe(0)
    }))
})

describe.skipIf(reason)('a device that others set down or delete', () => {
  test('EIO: down is reported, costs nothing, and up is served again', () =>
    withNamespace(async (namespace) => {
      const program = await responder(namespace)
      namespace.output('ip link set tst0 down')
      await program.says('down')
      program.tell('write')
      await program.says('{"written":false,"writeErrors":1}')
      const before = cpuTime(namespace, program.process.pid)
      await sleep(1000)
      expect(cpuTime(namespace, program.process.pid) - before).toBeLessThanOrEqual(0.01)
      namespace.output('ip link set tst0 up')
      await program.says('up')
      expect(ping(namespace, '-c 2 -i 0.01 -w 5')).toContain(' 0% packet loss')
    }))

  test('EBADFD: deletion is reported once and costs nothing; made again by somebody it is served again', () =>
    withNamespace(async (namespace) => {
      const program = await responder(namespace)
      namespace.output('ip link del tst0')
      await program.says('gone')
      program.tell('write')
      await program.says('{"written":false,"writeErrors":1}')
      const before = cpuTime(namespace, program.process.pid)
      await sleep(1000)
      expect(cpuTime(namespace, program.process.pid) - before).toBeLessThanOrEqual(0.01)
      expect(program.stdout.match(/gone/g)).toHaveLength(1)
      namespace.output('ip tuntap add dev tst0 mode tun && ip link set tst0 up')
      await program.says('up')
      expect(ping(namespace, '-c 2 -i 0.01 -w 5')).toContain(' 0% packet loss')
      program.tell('end')
      expect(await program.exit()).toBe(0)
    }))

  test('a deleted device can be made again by its user', () =>
    withNamespace(async (namespace) => {
      const program = await responder(namespace)
      namespace.output('ip link del tst0')
      await program.says('gone')
      program.tell('reopen')
      await program.says('{"reopened":"no failure"}')
      expect(ping(namespace, '-c 2 -i 0.01 -w 5')).toContain(' 0% packet loss')
    }))

  test('deleted and set down under load', () =>
    withNamespace(async (namespace) => {
      const program = await responder(namespace)
      const flood = namespace.start(['ping', '-q', '-f', '-c', '1000000', '10.9.0.2'])
      for (let i = 0; i < 5; i++) {
        namespace.output('ip link set tst0 down')
        await sleep(20)
        namespace.output('ip link set tst0 up')
        await sleep(20)
      }
      namespace.output('ip link del tst0')
      await program.says('gone')
      await flood.kill('SIGINT')
      program.tell('end')
      expect(await program.exit()).toBe(0)
      expect(program.stderr).toBe('')
    }))

  test('moved to another network namespace it is served there', () =>
    withNamespace((outer) =>
      withNamespace(async (inner) => {
        const program = await responder(outer)
        outer.output(`ip link set tst0 netns ${inner.name}`)
        inner.output('ip addr add 10.9.0.1/24 dev tst0 && ip link set tst0 up')
        await program.says('up')
        expect(ping(inner, '-c 2 -i 0.01 -w 5')).toContain(' 0% packet loss')
        expect(program.stdout).not.toContain('gone')
        inner.output('ip link set tst0 down')
        await program.until(() => program.stdout.trim().endsWith('down'), 'say down')
      }),
    ))

  test('an idle device uses no CPU', () =>
    withNamespace(async (namespace) => {
      const program = await responder(namespace)
      ping(namespace, '-c 1 -W 1')
      await sleep(300)
      const before = cpuTime(namespace, program.process.pid)
      await sleep(1500)
      expect(cpuTime(namespace, program.process.pid) - before).toBeLessThanOrEqual(0.01)
    }))
})
