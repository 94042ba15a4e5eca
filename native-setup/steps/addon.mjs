import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  filesUnder,
  fingerprint,
  inRoot,
  isWritable,
  Problem,
  programPath,
  run,
  say,
  textOf,
} from './common.mjs'

const ADDON = inRoot('native-setup/build/Release/tunstack.node')
const STAMP = inRoot('native-setup/build/.sources')
const FOLDER = inRoot('native-setup')

/** The native addon, built from native-setup/src. */
export const addon = {
  isStale() {
    return textOf(STAMP) !== sources() || !isLoadable()
  },

  renew() {
    if (process.platform !== 'linux')
      throw new Problem(`TUN devices are Linux's; this is ${process.platform} (try: npm run demo)`)
    if (!isWritable(FOLDER)) {
      if (!isLoadable()) throw new Problem(`the native addon is not built, and ${FOLDER} is read-only`)
      say('the native addon is older than its sources, but the checkout is read-only: used as it is')
      return
    }
    const compiler = tools()
    const headers = headersFolder()
    say(
      `building the native addon (${headers === undefined ? 'downloading headers' : `headers in ${headers}`})`,
    )
    const arguments_ = [inRoot('node_modules/node-gyp/bin/node-gyp.js'), 'rebuild', '--jobs=max']
    if (headers !== undefined) arguments_.push(`--nodedir=${dirname(dirname(headers))}`)
    const { isDone, output } = run(process.execPath, arguments_, {
      cwd: FOLDER,
      env: { CXX: compiler, LINK: compiler },
    })
    if (!isDone) throw new Problem(reason(headers, output), lastLines(output))
    if (!isLoadable()) throw new Problem('the native addon was built, but this Node does not load it')
    writeFileSync(STAMP, sources())
  },
}

const sources = () =>
  fingerprint(['native-setup/binding.gyp', ...filesUnder('native-setup/src')], process.arch)

/** Loading it is the one sure test of architecture, C library and ABI. */
function isLoadable() {
  if (!existsSync(ADDON)) return false
  try {
    createRequire(import.meta.url)(ADDON)
    return true
  } catch {
    return false
  }
}

/** The C++ compiler; a Problem that names the packages when something is missing. */
function tools() {
  const compiler = [process.env.CXX, 'g++', 'c++', 'clang++'].find(
    (name) => name && programPath(name) !== undefined,
  )
  const hasMake = programPath(process.env.MAKE ?? 'make') !== undefined
  const hasPython = [process.env.PYTHON, 'python3', 'python'].some(
    (name) => name && programPath(name) !== undefined,
  )
  const missing = []
  if (compiler === undefined) missing.push(['a C++ compiler', 'g++', 'gcc-c++'])
  if (!hasMake) missing.push(['make', 'make', 'make'])
  if (!hasPython) missing.push(['python3', 'python3', 'python3'])
  if (missing.length === 0) return compiler
  const debian = missing.map(([, name]) => name).join(' ')
  const fedora = missing.map(([, , name]) => name).join(' ')
  const names = missing.map(([name]) => name).join(' and ')
  throw new Problem(
    `the native addon needs ${names}: \`apt install ${debian}\` (Debian, Ubuntu), \`dnf install ${fedora}\` (Fedora), \`apk add ${debian} linux-headers\` (Alpine)`,
  )
}

/** The running Node's headers on this machine (the folder of node_api.h), so that nothing is downloaded. */
function headersFolder() {
  const prefixes = [
    process.env.npm_config_nodedir,
    join(dirname(process.execPath), '..'),
    process.config.variables.node_prefix,
    '/usr',
    join(homedir(), '.cache/node-gyp', process.versions.node),
  ]
  return prefixes
    .filter((prefix) => prefix !== undefined && prefix !== '')
    .map((prefix) => join(prefix, 'include/node'))
    .find(isOfThisNode)
}

function isOfThisNode(folder) {
  if (!['node_api.h', 'uv.h', 'common.gypi'].every((name) => existsSync(join(folder, name)))) return false
  const version = readFileSync(join(folder, 'node_version.h'), 'utf8')
  return /#define NODE_MAJOR_VERSION (\d+)/.exec(version)?.[1] === process.versions.node.split('.')[0]
}

function reason(headers, output) {
  if (headers !== undefined || /error:/.test(output))
    return 'the native addon does not compile (its output is above)'
  return (
    `the headers of Node ${process.version} are neither beside ${process.execPath} nor could they be downloaded: ` +
    'install the development package of Node (libnode-dev, nodejs-devel), or a Node from nodejs.org, which contains them'
  )
}

const lastLines = (output) => output.trimEnd().split('\n').slice(-40).join('\n')
