import type { Machine } from '../machine.ts'
import type { Place } from '../script-error.ts'
import { defaults } from './defaults.ts'
import { grep } from './grep.ts'
import { nstat, sockstat, tcpdrop } from './statistics.ts'
import { isAbsent, setSysctl } from './sysctl.ts'

/** What commands work on. */
export interface Subject {
  readonly machine: Machine
}

/** A program as it is called. */
export interface Invocation {
  /** Its arguments. */
  readonly words: readonly string[]
  readonly input: string
  /** The file that it writes to, if any. */
  readonly output: string | undefined
  readonly subject: Subject
  readonly place: Place
}

export interface ProgramResult {
  /** 0: it worked. */
  readonly status: number
  readonly output: string
}

export type Program = (invocation: Invocation) => ProgramResult

const DONE: ProgramResult = { status: 0, output: '' }
const failed = (output: string): ProgramResult => ({ status: 1, output })

const nothing: Program = () => DONE

/** The programs that scripts run, by name. */
export const programs: ReadonlyMap<string, Program> = new Map<string, Program>([
  ['sysctl', sysctl],
  ['set_sysctls.py', sysctl],
  ['defaults.sh', setDefaults],
  ['echo', echo],
  ['tc', tc],
  ['nstat', nstat],
  ['sockstat', sockstat],
  ['tcpdrop', tcpdrop],
  ['grep', grep],
  // What these change does not exist here: cached metrics, offloads of a card, modules.
  ...['ip', 'ethtool', 'kldload', 'kldstat', 'modprobe', 'sleep', 'true', ':'].map(
    (name): [string, Program] => [name, nothing],
  ),
  ['false', () => failed('')],
])

function setDefaults({ subject }: Invocation): ProgramResult {
  defaults(subject.machine.stack)
  return DONE
}

/** `sysctl [-q] [-w] [-e] name=value ...`; a name alone is read. */
function sysctl({ words, subject }: Invocation): ProgramResult {
  const { stack } = subject.machine
  const ignoresUnknown = words.some((word) => /^-\w*[ei]/.test(word))
  const lines: string[] = []
  for (const word of words) {
    if (word.startsWith('-')) continue
    const at = word.indexOf('=')
    const name = at === -1 ? word : word.slice(0, at)
    if (at === -1) {
      const value = stack.sysctls.get(name)
      if (value === undefined && !ignoresUnknown) return failed(`${name}: no such key`)
      lines.push(`${name} = ${value}`)
      continue
    }
    const reason = setSysctl(stack, name, word.slice(at + 1))
    if (reason !== undefined && !(ignoresUnknown && isAbsent(name))) return failed(reason)
  }
  return { status: 0, output: lines.join('\n') }
}

/** `echo text`, or `echo value > /proc/sys/...`. */
function echo({ words, output, subject }: Invocation): ProgramResult {
  const text = words.filter((word) => word !== '-n' && word !== '-e').join(' ')
  if (output?.startsWith('/proc/sys/')) {
    const reason = setSysctl(subject.machine.stack, output, text)
    return reason === undefined ? DONE : failed(reason)
  }
  return { status: 0, output: `${text}\n` }
}

/** `tc qdisc ... pfifo [limit N]`: only a queue that holds nothing matters; without one the device sends all. */
function tc({ words, subject }: Invocation): ProgramResult {
  const limit = words.indexOf('limit')
  subject.machine.device.isDown = limit !== -1 && words[limit + 1] === '0' && !words.includes('delete')
  return DONE
}
