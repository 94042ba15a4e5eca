import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HOST, MAIN, OURS, Site } from '../support/e2e-site.ts'
import { type Program, ROOT, requireTools, run } from '../support/netns.ts'

const reason = requireTools('ip', 'nc', 'ping', 'setpriv', 'unshare', 'mount', 'getent')

const NOBODY = run('getent passwd nobody').stdout.split(':')
const [, , UID = '', GID = ''] = NOBODY

describe.skipIf(reason)('--user nobody', { timeout: 60_000 }, () => {
  let site: Site
  beforeEach(() => {
    site = new Site()
  })
  afterEach(() => site.close())

  test('is nobody on every thread, without a way back, and serves', async () => {
    const pidFile = join(site.folder, 'pid')
    const daemon = await site.serve('--user', 'nobody', '--pid-file', pidFile)
    const threads = readdirSync(`/proc/${daemon.process.pid}/task`)
    expect(threads.length).toBeGreaterThan(1)
    for (const thread of threads) {
      const status = readFileSync(`/proc/${daemon.process.pid}/task/${thread}/status`, 'utf8')
      const same = (id: string) => [id, id, id, id].join('\t')
      expect(status).toContain(`\nUid:\t${same(UID)}\n`)
      expect(status).toContain(`\nGid:\t${same(GID)}\n`)
      expect(status).toMatch(new RegExp(`\\nGroups:\\t${GID} ?\\n`))
      expect(status).toContain('\nNoNewPrivs:\t1\n')
      expect(status).toMatch(/\nCapPrm:\t0+\nCapEff:\t0+\n/)
    }
    expect(site.run(`printf 'hello\\n' | nc -N ${OURS} 7; ping -n -c 1 ${OURS}`).status).toBe(0)
    expect((await site.netstat()).length).toBeGreaterThan(2)

    daemon.process.kill('SIGTERM')
    expect(await daemon.exit(), daemon.stderr).toBe(0)
    expect(site.hasDevice).toBe(false)
    expect(existsSync(site.control)).toBe(false)
    // Its folder is root's, so the file stays; that it names nobody is enough.
    expect(readFileSync(pidFile, 'utf8')).toBe('')
  })
})

describe.skipIf(reason)('started by nobody', { timeout: 60_000 }, () => {
  let site: Site
  beforeEach(() => {
    site = new Site()
  })
  afterEach(() => site.close())

  /**
   * Starts `tunstack up` as nobody in a mount namespace of its own, where the checkout and Node lie on a path that everybody may walk, and
   * /dev/net/tun is what `tun` makes of it.
   */
  function upAsNobody(tun: string, shell = '/bin/false', ...options: string[]): Program {
    const stage = `
      set -e
      mount -t tmpfs -o mode=755 tmpfs ${site.folder}
      mkdir ${site.folder}/tree ${site.folder}/dev && mount --bind ${ROOT} ${site.folder}/tree
      touch ${site.folder}/node && mount --bind ${process.execPath} ${site.folder}/node
      ${tun}
      cd /
      exec setpriv --reuid=${UID} --regid=${GID} --clear-groups --inh-caps=-all -- \
        "$@"`
    const words = [`${site.folder}/node`, `${site.folder}/tree${MAIN.slice(ROOT.length)}`, 'up', ...options]
    const env = { SHELL: shell, TMPDIR: '/tmp', HOME: '/' }
    return site.namespace.start(['unshare', '--mount', 'sh', '-c', stage, 'sh', ...words], env)
  }

  const node = (mode: string): string =>
    `mknod -m ${mode} ${site.folder}/tun c 10 200 && mount --bind ${site.folder}/tun /dev/net/tun`

  test('without a way to a device: says what is missing and what works, status 1', async () => {
    const daemon = upAsNobody(node('600'))
    expect(await daemon.exit(), daemon.stderr).toBe(1)
    expect(daemon.stdout).toBe('')
    expect(daemon.stderr).toContain('the capability CAP_NET_ADMIN')
    expect(daemon.stderr).toContain('access to /dev/net/tun (EACCES)')
    expect(daemon.stderr).toMatch(/What works:\n.*sudo npm start.*\n.*npm run demo/)
    expect(site.hasDevice).toBe(false)
  })

  test('without the tun module: says so', async () => {
    const daemon = upAsNobody(`mount --bind ${site.folder}/dev /dev/net`)
    expect(await daemon.exit(), daemon.stderr).toBe(1)
    expect(daemon.stderr).toContain('sudo modprobe tun')
  })

  test.skipIf(reason || cannotUnshare())(
    'with a device node for all: a shell in a namespace of its own, where ping and nc are answered',
    async () => {
      const shell = join('/tmp', `tunstack-shell-${process.pid}.sh`)
      const script = `#!/bin/sh
        ping -n -c 2 -i 0.1 ${OURS}
        printf 'hello from inside\\n' | nc -N ${OURS} 7
        ip -4 -o address show tun0
        "$NODE" "$MAIN" netstat -nat
        cat > /dev/null
        exit 3\n`
      writeFileSync(shell, script, { mode: 0o755 })
      const daemon = upAsNobody(node('666'), shell)
      daemon.process.stdin?.end()
      const status = await daemon.exit()
      run(['rm', '-f', shell])
      expect(status, daemon.stderr).toBe(0)
      expect(daemon.stderr).toContain('it runs in a network namespace of its own')
      expect(daemon.stdout).toContain(`ready ${OURS} on tun0`)
      expect(daemon.stdout).toContain('2 received, 0% packet loss')
      expect(daemon.stdout).toContain('\nhello from inside\n')
      expect(daemon.stdout).toContain(HOST)
      expect(site.hasDevice, 'outside, there is none').toBe(false)
    },
  )
})

/** Whether the kernel keeps nobody from making namespaces; that is printed. */
function cannotUnshare(): boolean {
  const words = [
    'setpriv',
    `--reuid=${UID}`,
    `--regid=${GID}`,
    '--clear-groups',
    'unshare',
    '--user',
    '--net',
  ]
  const done = run([...words, '--map-root-user', 'true'])
  if (done.status !== 0) process.stderr.write(`skipped: nobody may not make namespaces: ${done.stderr}\n`)
  return done.status !== 0
}
