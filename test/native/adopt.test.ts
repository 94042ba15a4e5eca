import { describe, expect, test, vi } from 'vitest'
import { type Namespace, requireTools, withNamespace } from '../support/netns.ts'

vi.setConfig({ testTimeout: 60_000 })

const reason = requireTools('ip', 'ping', 'python3')

/** Opens tst0 with the flags and ioctls of its first argument as descriptor 9, and becomes the program of the rest. */
const OPENER = `
import fcntl, json, os, struct, sys
wanted = json.loads(sys.argv[1])
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'tst0', wanted['flags']))
for request, value in wanted.get('by_value', []): fcntl.ioctl(fd, request, value)
for request, value in wanted.get('by_pointer', []): fcntl.ioctl(fd, request, struct.pack('i', value))
os.dup2(fd, 9)
os.close(fd)
os.set_inheritable(9, True)
if len(sys.argv) > 2: os.execvp(sys.argv[2], sys.argv[2:])
`

const opener = (wanted: object): string[] => ['python3', '-c', OPENER, JSON.stringify(wanted)]

const Flags = {
  tun: 0x0001,
  tap: 0x0002,
  noPacketInformation: 0x1000,
  virtioHeader: 0x4000,
  multiQueue: 0x0100,
}
const TUNSETPERSIST = 0x400454cb
const TUNSETOFFLOAD = 0x400454d0
const TUNSETSNDBUF = 0x400454d4
const TUNSETVNETHDRSZ = 0x400454d8

const IMPORTS = `import { open, say, serveEchoes, failureOf } from './test/native/harness.ts'
import { Column } from './src/base/packet-table.ts'\n`

const SERVE = `${IMPORTS}
const tun = open({ fd: 9, name: undefined, up: true })
serveEchoes(tun)
say({ name: tun.name, mtu: tun.mtu, isUp: tun.isUp, ipv4: tun.ipv4 })`

const loss = (namespace: Namespace): string | undefined =>
  / (\d+)% packet loss/.exec(namespace.run('ping -c 3 -i 0.01 -w 5 -s 57 10.9.0.2').stdout)?.[1]

describe.skipIf(reason)('adopting a descriptor', () => {
  const kinds: [string, number, [number, number][]][] = [
    ['as we open it', Flags.tun | Flags.noPacketInformation | Flags.virtioHeader, []],
    ['with packet information', Flags.tun, []],
    ['with packet information and a virtio header', Flags.tun | Flags.virtioHeader, []],
    ['without a virtio header', Flags.tun | Flags.noPacketInformation, []],
    [
      'with a longer virtio header',
      Flags.tun | Flags.noPacketInformation | Flags.virtioHeader,
      [[TUNSETVNETHDRSZ, 12]],
    ],
    ['one queue of several', Flags.tun | Flags.noPacketInformation | Flags.multiQueue, []],
  ]
  for (const [title, flags, ioctls] of kinds) {
    test(`${title}: packets pass`, () =>
      withNamespace(async (namespace) => {
        const program = namespace.script(SERVE, opener({ flags, by_pointer: ioctls }))
        await program.says('{"name":"tst0","mtu":1500,"isUp":true,"ipv4":"10.9.0.1/24"}')
        expect(loss(namespace)).toBe('0')
      }))
  }

  test('what is not asked for stays as it is', () =>
    withNamespace(async (namespace) => {
      const flags = Flags.tun | Flags.noPacketInformation
      const program = namespace.script(
        `${IMPORTS} const tun = open({ fd: 9, hostAddress: undefined }); say([tun.name, tun.isUp, tun.ipv4]); tun.serve(() => {})`,
        opener({ flags }),
      )
      await program.says('["tst0",false,""]')
      expect(JSON.parse(namespace.output('ip -j link show tst0'))[0].txqlen).toBe(500)
    }))

  test('a device of another network namespace is configured there, not here', () =>
    withNamespace((there) =>
      withNamespace(async (here) => {
        here.output('ip tuntap add dev tst0 mode tun && ip link set tst0 mtu 1234')
        const flags = Flags.tun | Flags.noPacketInformation | Flags.virtioHeader
        const program = there.script(SERVE, [...opener({ flags }), 'ip', 'netns', 'exec', here.name])
        await program.says('{"name":"tst0","mtu":1500,"isUp":true,"ipv4":"10.9.0.1/24"}')
        expect(loss(there)).toBe('0')
        const untouched = here.output('ip addr show tst0')
        expect(untouched).toContain('mtu 1234')
        expect(untouched).not.toContain('inet ')
      }),
    ))

  test('others are refused with a reason, and stay open', () =>
    withNamespace(async (namespace) => {
      const program = namespace.script(`${IMPORTS}
        import { openSync, fstatSync } from 'node:fs'
        for (const path of ['/dev/null', '/dev/net/tun']) {
          const fd = openSync(path, 'r+')
          say(failureOf(() => open({ fd })))
          fstatSync(fd)
        }
        say(failureOf(() => open({ fd: 1000 })))`)
      expect(await program.exit(), program.stderr).toBe(0)
      const [none, idle, closed] = program.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(none).toMatchObject({
        code: 'ENOTTY',
        syscall: 'TUNGETIFF',
        message: expect.stringMatching(/not an open TUN/),
      })
      expect(idle).toMatchObject({ code: 'EBADFD', syscall: 'TUNGETIFF' })
      expect(closed).toMatchObject({ code: 'EBADF', syscall: 'TUNGETIFF' })
      const tap = namespace.script(
        `${IMPORTS} say(failureOf(() => open({ fd: 9 })))`,
        opener({ flags: Flags.tap | Flags.noPacketInformation }),
      )
      expect(await tap.exit()).toBe(0)
      expect(JSON.parse(tap.stdout)).toMatchObject({ code: 'EINVAL', message: expect.stringMatching(/TAP/) })
    }))
})

describe.skipIf(reason)('an opening that fails', () => {
  for (const [what, options, code] of [
    ['at the owner', '{ fd: 9, owner: 0xffffffff }', 'EINVAL'],
    ['at the link', '{ fd: 9, mtu: 10 }', 'EINVAL'],
  ]) {
    test(`${what} leaves the descriptor to its owner, who may try again`, () =>
      withNamespace(async (namespace) => {
        const { tun, noPacketInformation, virtioHeader } = Flags
        const program = namespace.script(
          `${IMPORTS}
          import { fstatSync } from 'node:fs'
          say(failureOf(() => open(${options})).code)
          fstatSync(9)
          const tun = open({ fd: 9 })
          say(tun.name)
          tun.release()
          say(failureOf(() => fstatSync(9)).code)`,
          opener({ flags: tun | noPacketInformation | virtioHeader }),
        )
        expect(await program.exit(), program.stderr).toBe(0)
        expect(program.stdout.trim().split('\n')).toEqual([code, 'tst0', 'EBADF'])
      }))
  }
})

describe.skipIf(reason)('a persistent device that somebody else has used', () => {
  const used = (namespace: Namespace): void => {
    const { tun, noPacketInformation, virtioHeader } = Flags
    const wanted = {
      flags: tun | noPacketInformation | virtioHeader,
      by_value: [
        [TUNSETPERSIST, 1],
        [TUNSETOFFLOAD, 3],
      ],
      by_pointer: [
        [TUNSETVNETHDRSZ, 12],
        [TUNSETSNDBUF, 1],
      ],
    }
    const program = namespace.run(`python3 -c "${OPENER}" '${JSON.stringify(wanted)}'`)
    expect(program.status, program.stderr).toBe(0)
  }

  test('is cleaned of its header size, send buffer and offloads', () =>
    withNamespace(async (namespace) => {
      used(namespace)
      const program = namespace.script(`${IMPORTS}
        const tun = open({ persist: false })
        serveEchoes(tun)
        say('ready')`)
      await program.says('ready')
      expect(loss(namespace)).toBe('0')
    }))

  for (const [offload, flags] of [
    [false, 0],
    [true, 1],
  ]) {
    test(`[RFC768] a datagram’s checksum is ${offload ? 'left to us' : 'complete'} ${offload ? 'with' : 'without'} offload`, () =>
      withNamespace(async (namespace) => {
        used(namespace)
        const program = namespace.script(`${IMPORTS}
          const tun = open({ persist: false, offload: ${offload} })
          tun.serve(() => {
            const count = tun.readBatch()
            for (let row = 0; row < count; row++) {
              const at = tun.input.get(row, Column.Head)
              if (tun.memory[at + 9] === 17 && tun.memory[at] === 0x45) {
                const columns = [Column.Flags, Column.GsoSize, Column.ChecksumStart, Column.ChecksumOffset]
                say(columns.map((column) => tun.input.get(row, column)))
              }
            }
          })
          say('ready')`)
        await program.says('ready')
        namespace.output('echo hello | timeout 1 bash -c "cat > /dev/udp/10.9.0.2/9"')
        await program.says(JSON.stringify(offload ? [flags, 0, 20, 6] : [flags, 0, 0, 0]))
      }))
  }
})

describe.skipIf(reason)('super-segments', () => {
  const { tun, noPacketInformation, virtioHeader } = Flags
  test.each<[string, number, string]>([
    ['with offload', tun | noPacketInformation | virtioHeader, 'offload: true'],
    ['with generic receive offload', tun | noPacketInformation | virtioHeader, 'gro: true'],
    ['with generic receive offload behind packet information', tun, 'gro: true'],
    ['with generic receive offload behind both', tun | virtioHeader, 'gro: true'],
  ])(
    '[RFC9293 §3.7.1] %s TCP comes in pieces larger than the MTU, marked with the segment’s size',
    (_name, flags, option) =>
      withNamespace(async (namespace) => {
        // A handshake by hand: enough of TCP to be sent data.
        const program = namespace.script(
          `${IMPORTS}
        import { setup } from './test/native/handshake.ts'
        setup(open({ fd: 9, name: undefined, up: true, ${option} }), say)
        say('ready')`,
          opener({ flags }),
        )
        await program.says('ready')
        namespace.start([
          'sh',
          '-c',
          'head -c 200000 /dev/zero | timeout 1 bash -c "cat > /dev/tcp/10.9.0.2/9"',
        ])
        await program.says('super-segment')
        const [, gsoSize, length] = /super-segment (\d+) (\d+)/.exec(program.stdout) ?? []
        expect(Number(gsoSize)).toBe(1000)
        expect(Number(length)).toBeGreaterThan(1500)
      }),
  )
})
