import { messageOf, UsageError } from '../daemon/errors.ts'

export interface SysctlFlags {
  all?: true
  write?: true
  values?: true
  names?: true
  ignore?: true
  quiet?: true
}

/** Asks for the verb `sysctl`: all tunables, one, or to set one. */
export type AskSysctl = (args: { key?: string; value?: string }) => Promise<unknown>

const PREFIX = 'net.ipv4.'

/** One run of `tunstack sysctl`: what is printed, in the words of sysctl(8) (procps-ng 4.0); below an error stands what the daemon says of it. */
export class SysctlRun {
  out = ''
  errors = ''
  hasFailed = false
  readonly #flags: SysctlFlags
  readonly #ask: AskSysctl
  #list: Promise<[name: string, value: string][]> | undefined

  constructor(flags: SysctlFlags, ask: AskSysctl) {
    this.#flags = flags
    this.#ask = ask
  }

  /** Throws UsageError when there is nothing to do. */
  async act(words: readonly string[]): Promise<void> {
    if (this.#flags.all) for (const [name, value] of await this.#all()) this.#print(name, value)
    else if (words.length === 0) throw new UsageError('sysctl: no variables specified')
    else for (const word of words) await this.#one(word)
  }

  async #one(word: string): Promise<void> {
    const at = word.indexOf('=')
    if (at > 0) await this.#set(fullName(word.slice(0, at)), word.slice(at + 1).trim())
    else if (at === 0 || this.#flags.write) this.#fail(`'${word}' is not of the form variable=value`)
    else await this.#read(fullName(word))
  }

  /** A variable, or all whose names begin so. */
  async #read(name: string): Promise<void> {
    const found = (await this.#all()).filter(([known]) => known === name || known.startsWith(`${name}.`))
    for (const [known, value] of found) this.#print(known, value)
    if (found.length === 0) await this.#missing(name, () => this.#ask({ key: name }))
  }

  async #set(name: string, value: string): Promise<void> {
    const isKnown = (await this.#all()).some(([known]) => known === name)
    if (!isKnown) return this.#missing(name, () => this.#ask({ key: name, value }))
    try {
      await this.#ask({ key: name, value })
    } catch (error) {
      this.#fail(`setting key "${name}": Invalid argument`, messageOf(error))
      return
    }
    this.#list = undefined
    if (!this.#flags.quiet) this.#print(name, value)
  }

  /** `ask` is known to fail, and says what there is instead. */
  async #missing(name: string, ask: () => Promise<unknown>): Promise<void> {
    if (this.#flags.ignore) return
    const reason = await ask().then(() => '', messageOf)
    this.#fail(`cannot stat /proc/sys/${name.replaceAll('.', '/')}: No such file or directory`, reason)
  }

  #all(): Promise<[name: string, value: string][]> {
    this.#list ??= this.#ask({}) as Promise<[string, string][]>
    return this.#list
  }

  #print(name: string, value: string): void {
    const { names, values } = this.#flags
    this.out += `${names ? name : values ? value : `${name} = ${value}`}\n`
  }

  #fail(text: string, reason = ''): void {
    this.hasFailed = true
    this.errors += `sysctl: ${text}\n${reason === '' ? '' : `  ${reason}\n`}`
  }
}

/** `net/ipv4/tcp_sack` and `tcp_sack` are `net.ipv4.tcp_sack`. */
function fullName(text: string): string {
  const name = text.trim().replaceAll('/', '.').replace(/\.$/, '')
  return name === 'net' || name.startsWith('net.') ? name : PREFIX + name
}
