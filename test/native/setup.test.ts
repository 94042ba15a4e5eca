import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lacksOtherUsers, Program, ROOT, run } from '../support/netns.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Settings under which the compiler is done soon. */
const QUICK = JSON.stringify({
  compilerOptions: {
    target: 'es2022',
    lib: ['es5'],
    types: [],
    module: 'nodenext',
    strict: true,
    skipLibCheck: true,
  },
})

/** The set-up script in a checkout of one source file. */
describe('setup', () => {
  let checkout: string

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'setup-'))
    chmodSync(checkout, 0o755)
    for (const path of ['setup.mjs', 'steps', 'binding.gyp', 'src']) {
      cpSync(join(ROOT, 'native-setup', path), join(checkout, 'native-setup', path), { recursive: true })
    }
    cpSync(join(ROOT, 'tsconfig.build.json'), join(checkout, 'tsconfig.build.json'))
    write('tsconfig.json', QUICK)
    symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
    write('src/cli/main.ts', 'export const main: string = "main"\n')
    write('package.json', '{ "type": "module" }')
  })

  afterEach(() => rmSync(checkout, { recursive: true }))

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(checkout, path)), { recursive: true })
    writeFileSync(join(checkout, path), text)
  }

  const has = (path: string): boolean => existsSync(join(checkout, path))

  function start(args: string[], env: NodeJS.ProcessEnv = {}, under: string[] = []): Program {
    return new Program([...under, process.execPath, join(checkout, 'native-setup/setup.mjs'), ...args], env)
  }

  /** Runs it without the addon; returns what it said. Standard output belongs to what comes after. */
  async function setUp(status = 0, env: NodeJS.ProcessEnv = {}, under: string[] = []): Promise<string> {
    const program = start(['--no-native'], env, under)
    expect(await program.exit(60_000), program.stderr).toBe(status)
    expect(program.stdout).toBe('')
    return program.stderr
  }

  test('builds what is missing, then is silent', async () => {
    expect(await setUp()).toBe('tunstack: building the TypeScript\n')
    expect(readFileSync(join(checkout, 'dist/cli/main.js'), 'utf8')).toContain('main = "main"')
    expect(await setUp()).toBe('')
  })

  test('builds again when a source has changed, or its output is gone, and leaves nothing of removed sources', async () => {
    write('src/cli/other.ts', 'export const other = 1\n')
    await setUp()
    write('src/cli/main.ts', 'export const main: string = "changed"\n')
    rmSync(join(checkout, 'src/cli/other.ts'))
    expect(await setUp()).not.toBe('')
    expect(readFileSync(join(checkout, 'dist/cli/main.js'), 'utf8')).toContain('changed')
    expect(['js', 'd.ts', 'js.map'].filter((ending) => has(`dist/cli/other.${ending}`))).toEqual([])
    rmSync(join(checkout, 'dist/cli/main.js'))
    expect(await setUp()).not.toBe('')
    expect(has('dist/cli/main.js')).toBe(true)
  })

  test('shows what does not compile, fails, and fails again', async () => {
    write('src/cli/main.ts', 'export const main: number = "text"\n')
    for (let i = 0; i < 2; i++) {
      const said = await setUp(1)
      expect(said).toContain('src/cli/main.ts(1,14): error')
      expect(said).toMatch(/tunstack: the TypeScript does not compile\n$/)
    }
  })

  test('two at once are one after the other', async () => {
    const both = [start(['--no-native']), start(['--no-native'])]
    expect(await Promise.all(both.map((program) => program.exit(60_000)))).toEqual([0, 0])
    const said = both.map((program) => program.stderr).join('')
    expect(said.match(/building the TypeScript/g)).toHaveLength(1)
  })

  test('names what is needed to build the addon, in one line', async () => {
    await setUp()
    mkdirSync(join(checkout, 'bin'))
    const program = start([], { PATH: join(checkout, 'bin'), CXX: '', MAKE: undefined, PYTHON: '' })
    expect(await program.exit()).toBe(1)
    expect(program.stderr.trim().split('\n')).toHaveLength(1)
    expect(program.stderr).toMatch(/a C\+\+ compiler and make and python3: `apt install g\+\+ make python3`/)
  })

  test('installs dependencies when they are not those of package-lock.json', async () => {
    await setUp()
    rmSync(join(checkout, 'node_modules'))
    mkdirSync(join(checkout, 'node_modules'))
    const packages = {
      '': { name: 'x' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    }
    write('package-lock.json', JSON.stringify({ packages }))
    write(
      'npm-cli.js',
      `import { writeFileSync } from 'node:fs'; writeFileSync('node_modules/.package-lock.json', process.env.INSTALLS)`,
    )
    const env = (version: string): NodeJS.ProcessEnv => ({
      npm_execpath: join(checkout, 'npm-cli.js'),
      INSTALLS: JSON.stringify({ packages: { 'node_modules/a': { version } } }),
    })
    expect(await setUp(0, env('1.0.0'))).toBe('tunstack: installing dependencies (npm ci)\n')
    expect(await setUp(0, env('1.0.0'))).toBe('')
    packages['node_modules/a'].version = '1.1.0'
    write('package-lock.json', JSON.stringify({ packages }))
    expect(await setUp(0, env('1.1.0'))).toBe('tunstack: installing dependencies (npm ci)\n')
  })

  describe.skipIf(process.getuid?.() !== 0)('and users', () => {
    const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']

    test.skipIf(lacksOtherUsers())('root builds as the checkout’s owner', async () => {
      run(['chown', '-R', '-h', '54321:54321', checkout])
      await setUp()
      expect(run(['find', checkout, '-user', 'root']).stdout).toBe('')
      expect(has('dist/cli/main.js')).toBe(true)
    })

    test('a user who may not write runs what is built, current or not', async () => {
      await setUp()
      expect(await setUp(0, {}, asNobody)).toBe('')
      write('src/cli/main.ts', 'export const main: string = "changed"\n')
      expect(await setUp(0, {}, asNobody)).toMatch(/read-only: used as it is/)
      rmSync(join(checkout, 'dist'), { recursive: true })
      expect(await setUp(1, {}, asNobody)).toMatch(/not built, and .* is read-only/)
    })
  })
})
