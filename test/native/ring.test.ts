import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { type Namespace, type Program, requireTools, withNamespace } from '../support/netns.ts'
import { canHaveRing, hasRing, IO_URING_ENTER, IO_URING_SETUP, refusing } from '../support/ring.ts'

vi.setConfig({ testTimeout: 60_000 })

const reason = requireTools('ip', 'ping', 'python3', 'prlimit')

/** A device on tst0 with a ring, and what writes numbered datagrams to port 9000 of the kernel, in batches of `batch`. */
const SENDER = `
import { open, say, serveEchoes } from './test/native/harness.ts'
const OPTIONS = {}
const tun = open({ ring: true, ...OPTIONS })
tun.on('no-ring', (error) => say('no ring: ' + error))
const view = new DataView(tun.memory.buffer, tun.memory.byteOffset)
let next = 0
function push() {
  const at = tun.room()
  const block = tun.memory.length - 65536 + (next % 256) * 8
  tun.memory.set([0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 9, 0, 2, 10, 9, 0, 1], at)
  tun.memory.set([1, 0, 9000 >> 8, 9000 & 255, 0, 12, 0, 0], at + 20)
  let sum = 0
  for (let i = 0; i < 20; i += 2) sum += view.getUint16(at + i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  view.setUint16(at + 10, ~sum)
  view.setUint32(block, next++)
  tun.push(28, block, 2, block + 2, 2, 0, 0, 0, 0)
}
const orders = {
  send: (count, batch) => {
    for (let i = 1; i <= count; i++) {
      push()
      if (i % batch === 0) tun.flush()
    }
    tun.flush()
    say({ next, writeErrors: tun.writeErrors })
  },
  serve: () => { serveEchoes(tun); say('serving') },
  bad: () => {
    push()
    tun.room()
    tun.push(0, tun.memory.length - 2, 20, 0, 0, 0, 0, 0, 0)
    push()
    tun.room()
    const block = tun.memory.length - 65536 + 4096
    tun.push(0, block, 1, 0, 0, 0, 0, 0, 0)
    push()
    let name = 'nothing thrown'
    try { tun.flush() } catch (error) { name = error.name }
    say({ next, writeErrors: tun.writeErrors, name })
  },
  release: () => { tun.release(); say('released') },
  end: () => { tun.release(); process.stdin.destroy() },
}
process.stdin.on('data', (text) => {
  for (const line of String(text).trim().split('\\n')) {
    const [word, ...numbers] = line.split(' ')
    orders[word](...numbers.map(Number))
  }
})
say('ready')
`

/** Takes the numbers of the datagrams until none comes for half a second; prints how many, and whether they came in order. */
const RECEIVER = `
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
s.bind(('10.9.0.1', 9000))
print('listening', flush=True)
s.settimeout(20)
seen = []
try:
    while True:
        seen.append(struct.unpack('>I', s.recv(100))[0])
        s.settimeout(0.5)
except TimeoutError:
    pass
print('came', len(seen), seen == sorted(seen), flush=True)
`

async function sender(namespace: Namespace, options = '', under: readonly string[] = []): Promise<Program> {
  const program = namespace.script(SENDER.replace('OPTIONS = {}', `OPTIONS = {${options}}`), under)
  await program.says('ready')
  return program
}

async function receiver(namespace: Namespace): Promise<Program> {
  const program = namespace.start(['python3', '-c', RECEIVER])
  await program.says('listening')
  return program
}

const isPossible = reason === undefined && canHaveRing()

describe.skipIf(reason)('many packets by one system call', () => {
  test.each([256, 7, 1])('10,000 packets come in their order, in batches of %d', (batch) =>
    withNamespace(async (namespace) => {
      const program = await sender(namespace)
      const taker = await receiver(namespace)
      program.tell(`send 10000 ${batch}`)
      await program.says('{"next":10000,"writeErrors":0}')
      await taker.says('came 10000 True', 30_000)
      // A packet alone is not worth a ring.
      expect(hasRing(program.process.pid)).toBe(isPossible && batch > 1)
    }),
  )

  test('echoes gathered from three ranges are accepted', () =>
    withNamespace(async (namespace) => {
      const program = await sender(namespace)
      program.tell('serve')
      await program.says('serving')
      const { stdout } = namespace.run('ping -n -q -f -c 3000 -l 100 -s 1001 10.9.0.2')
      expect(stdout).toContain(' 0% packet loss')
      expect(hasRing(program.process.pid)).toBe(isPossible)
    }))

  test('what cannot be written is counted, and the rest of the batch is written', () =>
    withNamespace(async (namespace) => {
      const program = await sender(namespace)
      const taker = await receiver(namespace)
      program.tell('bad')
      await program.says('{"next":3,"writeErrors":2,"name":"RangeError"}')
      await taker.says('came 3 True')
    }))

  test('EIO: while the device is down every packet is an error, and up again it is written', () =>
    withNamespace(async (namespace) => {
      const program = await sender(namespace)
      const taker = await receiver(namespace)
      namespace.output('ip link set tst0 down')
      program.tell('send 600 300')
      await program.says('{"next":600,"writeErrors":600}')
      namespace.output('ip link set tst0 up')
      program.tell('send 600 300')
      await program.says('{"next":1200,"writeErrors":600}')
      await taker.says('came 600 True')
    }))

  test('with offload there is none', () =>
    withNamespace(async (namespace) => {
      const program = await sender(namespace, 'offload: true')
      const taker = await receiver(namespace)
      program.tell('send 1000 100')
      await taker.says('came 1000 True')
      expect(hasRing(program.process.pid)).toBe(false)
    }))
})

/** Where the kernel would have given us one. */
const LATE_REFUSALS: [string, number, number][] = [
  ['the ring cannot be used: EPERM', IO_URING_ENTER, 1],
  ['too many files are open: EMFILE', 0, 24],
]

describe.skipIf(reason)('without io_uring packets are written one by one, which is said once', () => {
  test.each([
    ['the kernel refuses the ring: EPERM', IO_URING_SETUP, 1],
    ['the kernel has none: ENOSYS', IO_URING_SETUP, 38],
    ...(isPossible ? LATE_REFUSALS : []),
  ])('%s', (_case, call, errno) =>
    withNamespace(async (namespace) => {
      const program = await sender(namespace, '', call === 0 ? [] : refusing(call, errno))
      const taker = await receiver(namespace)
      if (call === 0) namespace.output(`prlimit --pid ${program.process.pid} --nofile=3:3`)
      program.tell('send 2000 100')
      await program.says('{"next":2000,"writeErrors":0}')
      await taker.says('came 2000 True')
      expect(program.stdout.match(/no ring: \d+/g)).toEqual([`no ring: ${errno}`])
      expect(hasRing(program.process.pid)).toBe(false)
    }),
  )
})

describe.skipIf(reason)('the end of a ring', () => {
  test('it is closed with the device, which is gone at once', () =>
    withNamespace(async (namespace) => {
      const program = await sender(namespace)
      program.tell('send 1000 100')
      await program.says('"next":1000')
      expect(hasRing(program.process.pid)).toBe(isPossible)
      program.tell('release')
      await program.says('released')
      expect(hasRing(program.process.pid)).toBe(false)
      expect(namespace.run('ip link show tst0').status).toBe(1)
      program.tell('end')
      expect(await program.exit(5000), program.stderr).toBe(0)
    }))

  test('deleted under load', () =>
    withNamespace(async (namespace) => {
      const program = await sender(namespace)
      program.tell('send 1000 100')
      await program.says('"next":1000')
      namespace.output('ip link del tst0')
      program.tell('send 1000 100')
      await program.says('{"next":2000,"writeErrors":1000}')
      program.tell('end')
      expect(await program.exit(5000), program.stderr).toBe(0)
    }))

  test('terminate() of the worker thread that has it, under load', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`
        import { Worker } from 'node:worker_threads'
        const execArgv = ['--import', './test/support/typescript-loader.mjs']
        const worker = new Worker('./test/native/worker.mjs', { execArgv, workerData: 'ring' })
        worker.once('message', () => console.log('serving'))
        process.stdin.on('data', async () => console.log('terminated ' + (await worker.terminate())))`)
      await program.says('serving')
      const flood = namespace.start(['ping', '-q', '-f', '-l', '100', '-c', '1000000', '10.9.0.2'])
      for (let i = 0; i < 50 && !hasRing(program.process.pid); i++) await sleep(100)
      expect(hasRing(program.process.pid)).toBe(isPossible)
      program.tell('terminate')
      await program.says('terminated 1', 5000)
      await flood.kill('SIGINT')
      expect(hasRing(program.process.pid)).toBe(false)
      expect(namespace.run('ip link show tst0').status).toBe(1)
    }))
})
