import { expect, test } from 'vitest'
import { type SysctlFlags, SysctlRun } from '../../src/cli/sysctl-run.ts'
import { applySysctls, unknownSysctl } from '../../src/daemon/sysctls.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'

/** What the run prints, what it says of errors, and the tunables afterwards. */
async function sysctl(words: readonly string[], flags: SysctlFlags = {}) {
  const sysctls = new Sysctls()
  const run = new SysctlRun(flags, async ({ key, value }) => {
    if (key === undefined) return sysctls.list().map((name) => [name, sysctls.get(name)])
    if (value !== undefined) applySysctls(sysctls, new Map([[key, value]]))
    const now = sysctls.get(key)
    if (now === undefined) throw unknownSysctl(sysctls, key)
    return now
  })
  await run.act(words)
  return { out: run.out, errors: run.errors, hasFailed: run.hasFailed, sysctls }
}

const shown = async (words: readonly string[], flags: SysctlFlags = {}): Promise<string> => {
  const { out, errors } = await sysctl(words, flags)
  expect(errors).toBe('')
  return out
}

test('a variable, by whatever spelling of its name', async () => {
  for (const name of ['net.ipv4.tcp_sack', 'net/ipv4/tcp_sack', 'tcp_sack'])
    expect(await shown([name])).toBe('net.ipv4.tcp_sack = 1\n')
})

test('several numbers are separated by tabs', async () => {
  expect(await shown(['net.ipv4.tcp_rmem'])).toMatch(/^net\.ipv4\.tcp_rmem = \d+\t\d+\t\d+\n$/)
})

test('only values, or only names', async () => {
  expect(await shown(['tcp_sack', 'tcp_syn_retries'], { values: true })).toBe('1\n6\n')
  expect(await shown(['tcp_sack'], { names: true })).toBe('net.ipv4.tcp_sack\n')
})

test('all, in order, and all below a name', async () => {
  const { sysctls } = await sysctl(['tcp_sack'])
  const names = (await shown([], { all: true, names: true })).split('\n').slice(0, -1)
  expect(names).toEqual(sysctls.list())
  const below = await shown(['net.core'], { names: true })
  expect(below).toMatch(/^(net\.core\.\w+\n)+$/)
  expect(below).toContain('net.core.somaxconn\n')
})

test('a variable is set, told, and read as it is then', async () => {
  const { out, sysctls } = await sysctl(['tcp_sack=0', 'tcp_sack', 'net.ipv4.tcp_rmem = 4096 8192  65536'])
  expect(out).toBe('net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_sack = 0\nnet.ipv4.tcp_rmem = 4096 8192  65536\n')
  expect(sysctls.get('tcp_rmem')).toBe('4096\t8192\t65536')
  expect(await shown(['tcp_sack=0'], { write: true, quiet: true })).toBe('')
  expect(await shown(['tcp_sack=0'], { write: true, values: true })).toBe('0\n')
})

test('a variable that is not there is no error for whoever does not mind', async () => {
  const { out, errors, hasFailed } = await sysctl(['tcp_sakc', 'tcp_sack'])
  expect(errors).toBe(
    "sysctl: cannot stat /proc/sys/net/ipv4/tcp_sakc: No such file or directory\n  no sysctl 'net.ipv4.tcp_sakc' (did you mean 'tcp_sack'?)\n",
  )
  expect([out, hasFailed]).toEqual(['net.ipv4.tcp_sack = 1\n', true])
  expect(await sysctl(['net.foo', 'foo=1'], { ignore: true })).toMatchObject({ errors: '', hasFailed: false })
})

test('what cannot be set is told with the reason, and the others are set', async () => {
  const { errors, hasFailed, sysctls } = await sysctl(['tcp_sack=x', 'tcp_tw_recycle=1', 'tcp_syn_retries=3'])
  expect(errors.split('\n')).toEqual([
    'sysctl: setting key "net.ipv4.tcp_sack": Invalid argument',
    '  net.ipv4.tcp_sack: "x" is not an integer',
    'sysctl: cannot stat /proc/sys/net/ipv4/tcp_tw_recycle: No such file or directory',
    expect.stringContaining('  '),
    '',
  ])
  expect([hasFailed, sysctls.get('tcp_syn_retries')]).toEqual([true, '3'])
})

test('a word without a value is none that can be set', async () => {
  expect(await sysctl(['tcp_sack'], { write: true })).toMatchObject({
    out: '',
    errors: "sysctl: 'tcp_sack' is not of the form variable=value\n",
  })
  expect((await sysctl(['=1'])).hasFailed).toBe(true)
  await expect(sysctl([])).rejects.toThrow('no variables specified')
})
