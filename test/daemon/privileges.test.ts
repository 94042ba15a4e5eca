import { lstatSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  dropPrivileges,
  findAccount,
  giveTo,
  type Identity,
  parseAccount,
} from '../../src/daemon/privileges.ts'
import { temporaryFolder } from './temporary.ts'

const PASSWD = `root:x:0:0:root:/root:/bin/bash
www-data:x:33:34:www-data:/var/www:/usr/sbin/nologin
broken:x:none
`

describe('accounts', () => {
  test('are found by name and by number', () => {
    const account = { name: 'www-data', uid: 33, gid: 34 }
    expect(parseAccount('www-data', PASSWD)).toEqual(account)
    expect(parseAccount('33', PASSWD)).toEqual(account)
  })

  test.each(['www', '34', 'broken', '', 'x'])("'%s' is nobody", (user) => {
    expect(parseAccount(user, PASSWD)).toBeUndefined()
  })

  test('this machine has root, and no user of a silly name', () => {
    expect(findAccount('root')).toMatchObject({ uid: 0, gid: 0 })
    expect(() => findAccount('-no such user')).toThrow("--user: no user '-no such user'")
  })
})

/** An identity that writes down what it is asked, and forgets root like the kernel's. */
class FakeIdentity implements Identity {
  readonly calls: string[] = []
  uid: number
  readonly #saved: boolean

  constructor(uid: number, saved = false) {
    this.uid = uid
    this.#saved = saved
  }

  getuid(): number {
    return this.uid
  }

  initgroups(name: string, gid: number): void {
    this.calls.push(`initgroups ${name} ${gid}`)
  }

  setgid(gid: number): void {
    this.calls.push(`setgid ${gid}`)
  }

  setuid(uid: number): void {
    if (this.uid !== 0 && uid !== this.uid && !this.#saved)
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' })
    this.calls.push(`setuid ${uid}`)
    this.uid = uid
  }
}

describe('the drop', () => {
  const nobody = { name: 'nobody', uid: 65534, gid: 65533 }

  test('takes groups, gid, uid and then the last way up, in this order', () => {
    const identity = new FakeIdentity(0)
    dropPrivileges(nobody, () => identity.calls.push('no new privileges'), identity)
    expect(identity.calls).toEqual([
      'initgroups nobody 65533',
      'setgid 65533',
      'setuid 65534',
      'no new privileges',
    ])
  })

  test('is refused to who is not root', () => {
    const drop = () => dropPrivileges(nobody, () => {}, new FakeIdentity(1000))
    expect(drop).toThrow('cannot become nobody: EPERM')
  })

  test('is not believed while the way back is open', () => {
    const drop = () => dropPrivileges(nobody, () => {}, new FakeIdentity(0, true))
    expect(drop).toThrow('became nobody, but could still return to root')
  })

  test('fails when the addon cannot forbid new privileges', () => {
    const drop = () =>
      dropPrivileges(
        nobody,
        () => {
          throw Object.assign(new Error('prctl: EINVAL'), { code: 'EINVAL' })
        },
        new FakeIdentity(0),
      )
    expect(drop).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })
})

describe.skipIf(process.getuid?.() !== 0)('giving files away (needs root)', () => {
  test('gives a file, a link itself and not its target, and skips what is not there', () => {
    const folder = temporaryFolder()
    const [file, link, target, absent] = ['file', 'link', 'target', 'absent'].map((name) =>
      join(folder, name),
    ) as [string, string, string, string]
    writeFileSync(file, '')
    writeFileSync(target, '')
    symlinkSync(target, link)
    giveTo({ name: 'nobody', uid: 65534, gid: 65533 }, [file, link, absent])
    expect(lstatSync(file)).toMatchObject({ uid: 65534, gid: 65533 })
    expect(lstatSync(link)).toMatchObject({ uid: 65534, gid: 65533 })
    expect(lstatSync(target)).toMatchObject({ uid: 0, gid: 0 })
  })
})
