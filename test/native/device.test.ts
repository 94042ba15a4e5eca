import { describe, expect, test, vi } from 'vitest'
import { type Namespace, requireTools, withNamespace } from '../support/netns.ts'

vi.setConfig({ testTimeout: 60_000 })

const reason = requireTools('ip', 'ping', 'unshare')

const IMPORTS = `import { open, say, failureOf, HOST, OURS } from './test/native/harness.ts'\n`

/** The addon is loaded first: the checkout may lie where nobody may go. */
const BECOME_NOBODY = `import { addon } from './src/device/tun.ts'
addon(); process.setgroups([]); process.setgid(65534); process.setuid(65534)
`

/** Words before a command that give it a /dev/net/tun of another mode. */
const hidden = (mode: string): string[] => {
  const script = `mount -t tmpfs none /dev/net && mknod ${mode} /dev/net/tun c 10 200 && exec "$@"`
  return ['unshare', '-m', 'sh', '-c', script, 'sh']
}

const OPEN_TO_ALL = hidden('-m 666')

/** Runs a script inside and returns the lines it said, read as JSON where they are. */
async function said(namespace: Namespace, source: string, under: string[] = []): Promise<unknown[]> {
  const program = namespace.script(IMPORTS + source, under)
  expect(await program.exit(), program.stderr).toBe(0)
  return program.stdout
    .trim()
    .split('\n')
    .map((line) => (/^[[{"\d]/.test(line) ? JSON.parse(line) : line))
}

const link = (namespace: Namespace, name: string) =>
  JSON.parse(namespace.output(`ip -d -j link show ${name}`))[0]

describe.skipIf(reason)('opening a device', () => {
  test('it has the name that was asked for, is up, and disappears when it is released', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        const t = open({ mtu: 1400 })
        say({ name: t.name, mtu: t.mtu, ipv4: t.ipv4, isUp: t.isUp })
        process.stdin.on('data', () => { t.release(); t.release(); process.stdin.destroy() })
        say('open')`)
      await program.says('open')
      expect(program.stdout).toContain('{"name":"tst0","mtu":1400,"ipv4":"10.9.0.1/24","isUp":true}')
      const seen = link(namespace, 'tst0')
      expect(seen.mtu).toBe(1400)
      expect(seen.txqlen).toBe(16384)
      expect(seen.flags).toContain('UP')
      expect(seen.linkinfo.info_data).toMatchObject({
        type: 'tun',
        pi: false,
        vnet_hdr: true,
        multi_queue: false,
      })
      expect(namespace.output('ip -4 addr show tst0')).toContain('inet 10.9.0.1/24')
      program.tell('release')
      expect(await program.exit()).toBe(0)
      expect(namespace.run('ip link show tst0').status).not.toBe(0)
    }))

  test('a pattern or no name at all lets the kernel choose', () =>
    withNamespace(async (namespace) => {
      const names = await said(
        namespace,
        `const a = open({ name: 'pat%d' }), b = open({ name: 'pat%d', hostAddress: undefined }), c = open({ name: '', hostAddress: undefined })
         say([a.name, b.name, c.name]); for (const t of [a, b, c]) t.release()`,
      )
      expect(names).toEqual([['pat0', 'pat1', 'tun0']])
    }))

  test('mtu, address and state are set, and follow what others set', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        const t = open(); t.serve(() => t.readBatch())
        t.mtu = 9000; t.ipv4 = '10.8.0.1/30'; t.isUp = false
        say({ mtu: t.mtu, ipv4: t.ipv4, isUp: t.isUp })
        t.on('up', () => { say({ name: t.name, mtu: t.mtu, isUp: t.isUp }); t.release() })
        say('ready')`)
      await program.says('ready')
      expect(program.stdout).toContain('{"mtu":9000,"ipv4":"10.8.0.1/30","isUp":false}')
      expect(namespace.output('ip -4 -o addr show tst0').match(/inet/g)).toHaveLength(1)
      namespace.output('ip link set tst0 mtu 1280 && ip link set tst0 name new0 && ip link set new0 up')
      expect(await program.exit()).toBe(0)
      expect(program.stdout).toContain('{"name":"new0","mtu":1280,"isUp":true}')
    }))

  test('a point-to-point address reaches the peer’s network', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        const t = open({ hostAddress: { address: HOST, prefix: 32 }, peer: OURS }); t.serve(() => t.readBatch()); say(t.ipv4)`)
      await program.says('10.9.0.1/32')
      expect(namespace.output('ip -4 addr show tst0')).toContain('inet 10.9.0.1 peer 10.9.0.2/32')
      expect(namespace.output('ip route get 10.9.0.2')).toContain('dev tst0')
    }))

  test('persistent devices stay and keep their owner until they are made mortal', () =>
    withNamespace(async (namespace) => {
      await said(
        namespace,
        `const t = open({ persist: true, owner: 65534, group: 65534 }); t.release(); say('"done"')`,
      )
      expect(link(namespace, 'tst0').linkinfo.info_data).toMatchObject({
        persist: true,
        user: expect.anything(),
      })
      const lines = await said(
        namespace,
        `const t = open({ persist: false }); say([t.name, t.mtu]); t.release()`,
      )
      expect(lines).toEqual([['tst0', 1500]])
      expect(namespace.run('ip link show tst0').status).not.toBe(0)
    }))

  test('an owner without privilege opens what root has prepared, as it is, and serves it', () =>
    withNamespace(async (namespace) => {
      namespace.output(`ip tuntap add dev tst0 mode tun user 65534
        ip addr add 10.9.0.1/24 dev tst0 && ip link set tst0 mtu 1400 up`)
      const program = namespace.script(
        `${IMPORTS} import { serveEchoes } from './test/native/harness.ts'
         ${BECOME_NOBODY}
         const t = open({ mtu: 1400 }); serveEchoes(t); say({ mtu: t.mtu, ipv4: t.ipv4, isUp: t.isUp })`,
        OPEN_TO_ALL,
      )
      await program.says('{"mtu":1400,"ipv4":"10.9.0.1/24","isUp":true}')
      expect(namespace.run('ping -c 2 -i 0.01 -w 5 10.9.0.2').stdout).toContain(' 0% packet loss')
    }))

  test('offload is what the kernel grants', () =>
    withNamespace(async (namespace) => {
      const lines = await said(
        namespace,
        `const a = open({ offload: true }); say([a.segmentationOffload]); a.release()
         const b = open(); say([b.segmentationOffload]); b.release()`,
      )
      expect(lines).toEqual([[true], [false]])
    }))

  test('several queues of one device, when asked for', () =>
    withNamespace(async (namespace) => {
      const lines = await said(
        namespace,
        `const a = open({ multiQueue: true }), b = open({ multiQueue: true }); say([a.name, b.name])
         say(failureOf(() => open())); a.release(); b.release()`,
      )
      expect(lines[0]).toEqual(['tst0', 'tst0'])
      expect(lines[1]).toMatchObject({ code: 'EINVAL', syscall: 'TUNSETIFF' })
    }))
})

describe.skipIf(reason)('failures say what they are and what to do', () => {
  test('EBUSY: another program has the device', () =>
    withNamespace(async (namespace) => {
      const lines = await said(namespace, `const t = open(); say(failureOf(() => open())); t.release()`)
      expect(lines[0]).toMatchObject({ code: 'EBUSY', errno: -16, syscall: 'TUNSETIFF', device: 'tst0' })
      expect(lines[0]).toMatchObject({ message: expect.stringMatching(/^tst0: .*another program/) })
    }))

  test('EINVAL: an interface with other flags has the name', () =>
    withNamespace(async (namespace) => {
      namespace.output('ip tuntap add dev tap0 mode tap && ip tuntap add dev many0 mode tun multi_queue')
      const lines = await said(
        namespace,
        `for (const name of ['tap0', 'many0', 'lo', 'a/b']) say(failureOf(() => open({ name })))`,
      )
      expect(lines).toHaveLength(4)
      for (const line of lines) {
        expect(line).toMatchObject({ code: 'EINVAL', message: expect.stringMatching(/TAP, multi-queue/) })
      }
    }))

  test('ENAMETOOLONG: a name is never cut', () =>
    withNamespace(async (namespace) => {
      const lines = await said(namespace, `say(failureOf(() => open({ name: 'sixteen-letters0' })))`)
      expect(lines[0]).toMatchObject({ code: 'ENAMETOOLONG', device: 'sixteen-letters0' })
    }))

  test('EACCES: the mode of /dev/net/tun', () =>
    withNamespace(async (namespace) => {
      const lines = await said(namespace, `${BECOME_NOBODY} say(failureOf(() => open()))`, hidden('-m 600'))
      expect(lines[0]).toMatchObject({
        code: 'EACCES',
        syscall: 'open',
        message: expect.stringMatching(/mode of/),
      })
    }))

  test('EPERM: neither privilege nor ownership', () =>
    withNamespace(async (namespace) => {
      const lines = await said(namespace, `${BECOME_NOBODY} say(failureOf(() => open()))`, OPEN_TO_ALL)
      expect(lines[0]).toMatchObject({
        code: 'EPERM',
        syscall: 'TUNSETIFF',
        message: expect.stringMatching(/CAP_NET_ADMIN/),
      })
    }))

  test('EPERM: a setting after privileges were dropped, while packets flow on', () =>
    withNamespace(async (namespace) => {
      const lines = await said(
        namespace,
        `const t = open(); process.setgroups([]); process.setgid(65534); process.setuid(65534)
         say(failureOf(() => { t.mtu = 1400 })); say([t.counters().rxDropped, t.ipv4]); t.release()`,
      )
      expect(lines[0]).toMatchObject({
        code: 'EPERM',
        message: expect.stringMatching(/before privileges are dropped/),
      })
      expect(lines[1]).toEqual([0, '10.9.0.1/24'])
    }))

  test('ENOENT: /dev/net/tun is missing', () =>
    withNamespace(async (namespace) => {
      const hide = ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$@"', 'sh']
      const program = namespace.script(`${IMPORTS} say(failureOf(() => open()))`, hide)
      await program.exit()
      expect(JSON.parse(program.stdout), program.stderr).toMatchObject({
        code: 'ENOENT',
        syscall: 'open',
        message: expect.stringMatching(/modprobe tun/),
      })
    }))

  test('a refused setting carries the kernel’s own words', () =>
    withNamespace(async (namespace) => {
      const lines = await said(
        namespace,
        `const t = open(); say(failureOf(() => { t.mtu = 70000 })); t.release()`,
      )
      expect(lines[0]).toMatchObject({
        code: 'EINVAL',
        syscall: 'RTM_NEWLINK',
        message: expect.stringMatching(/maximum/),
      })
    }))

  test('an arena that is too small', () =>
    withNamespace(async (namespace) => {
      const lines = await said(
        namespace,
        `import { Arena } from './src/base/arena.ts'; import { Tun } from './src/device/tun.ts'
         const arena = new Arena(1 << 20); say(failureOf(() => new Tun(arena, { name: 'tst0' }))); say([arena.used])`,
      )
      expect(lines[0]).toMatchObject({ message: 'the arena is too small for a device' })
      expect(lines[1]).toEqual([0])
    }))
})
