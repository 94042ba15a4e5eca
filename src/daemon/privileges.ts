import { spawnSync } from 'node:child_process'
import { lchownSync, readFileSync } from 'node:fs'
import { codeOf, DaemonError, messageOf, UsageError } from './errors.ts'

/** A user of this machine. */
export interface Account {
  name: string
  uid: number
  gid: number
}

/** The calls that change who a process is, so that tests can watch them. */
export interface Identity {
  getuid(): number
  initgroups(name: string, gid: number): void
  setgid(gid: number): void
  setuid(uid: number): void
}

/** The process itself; these calls change all of its threads. */
export const OWN_IDENTITY: Identity = {
  getuid: () => process.getuid!(),
  initgroups: (name, gid) => (process as unknown as Pick<Identity, 'initgroups'>).initgroups(name, gid),
  setgid: (gid) => process.setgid!(gid),
  setuid: (uid) => process.setuid!(uid),
}

const ONLY_ROOT = 'only root can become another user; leave out --user, or start as root'

/** Finds a user by name or number, in /etc/passwd or wherever else the machine keeps them. Throws UsageError. */
export function findAccount(user: string): Account {
  const account =
    parseAccount(user, readFileSync('/etc/passwd', 'utf8')) ?? parseAccount(user, askNameService(user))
  if (account === undefined) throw new UsageError(`--user: no user '${user}' on this machine`)
  return account
}

function askNameService(user: string): string {
  return spawnSync('getent', ['passwd', '--', user], { encoding: 'utf8', timeout: 10_000 }).stdout ?? ''
}

/** The user's entry in text of passwd(5) form. */
export function parseAccount(user: string, passwd: string): Account | undefined {
  for (const line of passwd.split('\n')) {
    const [name = '', , uid = '', gid = ''] = line.split(':')
    const found = name === user || uid === user
    if (found && name !== '' && /^\d+$/.test(uid) && /^\d+$/.test(gid)) {
      return { name, uid: Number(uid), gid: Number(gid) }
    }
  }
  return undefined
}

/** Gives files to a user, so that it can remove them later. A path that does not exist is skipped; links are not followed. */
export function giveTo(account: Account, paths: Iterable<string>): void {
  for (const path of paths) {
    try {
      lchownSync(path, account.uid, account.gid)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue
      throw new DaemonError(
        codeOf(error),
        `cannot give ${path} to ${account.name}: ${messageOf(error)}`,
        ONLY_ROOT,
      )
    }
  }
}

/**
 * Becomes `account` for good: groups, gid, uid and (`forbidNewPrivileges`, of the addon) no new privileges, on all threads. Throws
 * DaemonError when it cannot, or when the way back is still open.
 */
export function dropPrivileges(
  account: Account,
  forbidNewPrivileges: () => void,
  identity: Identity = OWN_IDENTITY,
): void {
  try {
    if (identity.getuid() === 0) {
      identity.initgroups(account.name, account.gid)
      identity.setgid(account.gid)
    }
    identity.setuid(account.uid)
    forbidNewPrivileges()
  } catch (error) {
    throw new DaemonError(
      codeOf(error) || 'EPERM',
      `cannot become ${account.name}: ${messageOf(error)}`,
      ONLY_ROOT,
    )
  }
  if (account.uid !== 0 && canReturn(identity)) {
    throw new DaemonError('EPERM', `became ${account.name}, but could still return to root`)
  }
}

function canReturn(identity: Identity): boolean {
  try {
    identity.setuid(0)
    return true
  } catch {
    return false
  }
}
