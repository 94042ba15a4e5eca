// What a contributor runs before a commit: every step, then a summary.
//
// usage: node tools/check.mjs [--only NAME]... [--root DIR]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const tools = dirname(fileURLToPath(import.meta.url))
const bin = (name) => join(dirname(tools), 'node_modules', '.bin', name)
const tool = (name) => [process.execPath, join(tools, name), '.']

/** What the tests report, for the RFC map. */
const scratch = mkdtempSync(join(tmpdir(), 'tunstack-check-'))
process.on('exit', () => rmSync(scratch, { recursive: true }))
const report = join(scratch, 'tests.json')

/** In the order of how soon they answer; the RFC map counts only tests that ran, if they did. */
const STEPS = {
  layers: tool('check-layers.mjs'),
  sizes: tool('check-sizes.mjs'),
  lint: [bin('biome'), 'check', '.'],
  types: [bin('tsc'), '-p', 'tsconfig.json', '--noEmit'],
  tests: ['npm', 'test', '--silent', '--', '--reporter=default', '--reporter=json', `--outputFile=${report}`],
  'rfc-map': [...tool('rfc-map.mjs'), '--check'],
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        root: { type: 'string', default: dirname(tools) },
      },
    })
    const names = values.only ?? Object.keys(STEPS)
    const unknown = names.find((name) => !(name in STEPS))
    if (unknown !== undefined)
      throw new Error(`no step '${unknown}'; there are ${Object.keys(STEPS).join(', ')}`)
    return { names, root: resolve(values.root) }
  } catch (error) {
    console.error(`check: ${error.message}`)
    process.exit(2)
  }
}

/** Runs a step, shows its output when it fails, prints one line. Returns whether it passed. */
function run(name, root) {
  const [command, ...args] = STEPS[name]
  if (name === 'rfc-map' && existsSync(report)) args.push('--report', report)
  const began = performance.now()
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  if (status !== 0)
    process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error === undefined ? '' : `${error.message}\n`}`)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`)
  return status === 0
}

const { names, root } = readOptions()
if (!existsSync(bin('tsc'))) {
  console.error('check: dependencies are not installed; run `npm run setup` first')
  process.exit(1)
}
const failed = names.filter((name) => !run(name, root))
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
