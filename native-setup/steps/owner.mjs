import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { inRoot, Problem, root } from './common.mjs'

/** npm hands these down from root's configuration; the owner has their own. */
const ROOTS_OWN = [
  'npm_config_cache',
  'npm_config_userconfig',
  'SUDO_UID',
  'SUDO_GID',
  'SUDO_USER',
  'SUDO_COMMAND',
]

/** Whether root works in somebody else's checkout (`sudo npm start`): no file of root's may stay behind in it. */
export const isForOwner = () => process.getuid?.() === 0 && statSync(root).uid !== 0

/** Runs this script once more as the checkout's owner; returns its exit status. */
export function runAsOwner(args) {
  const { uid, gid } = statSync(root)
  const { name, home } = account(uid)
  const env = { ...process.env, HOME: home, USER: name, LOGNAME: name }
  for (const key of ROOTS_OWN) delete env[key]
  const done = spawnSync(process.execPath, args, { uid, gid, env, cwd: root, stdio: 'inherit' })
  if (done.error === undefined) return done.status ?? 1
  const how = 'run `node native-setup/setup.mjs` as that user'
  throw new Problem(`cannot build as the checkout's owner (uid ${uid}: ${done.error.code}): ${how}`)
}

/** A user without an entry in /etc/passwd, or without a home, lives in the checkout's cache. */
function account(uid) {
  const entries = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line = entries.find((entry) => entry.split(':')[2] === String(uid)) ?? ''
  const [name, , , , , home = ''] = line.split(':')
  return { name: name === '' ? String(uid) : name, home: existsSync(home) ? home : inRoot('.cache') }
}
