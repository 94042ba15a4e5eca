import { resolve } from 'node:path'
import { z } from 'zod'
import { readAddress, readSubnet } from './addresses.ts'
import { UsageError } from './errors.ts'
import { parseImpairments } from './impairments.ts'
import { suggestion } from './nearest.ts'
import { parseService } from './service-ports.ts'
import { parseSysctl, shortName } from './sysctls.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export const LOG_FORMATS = ['text', 'json'] as const

/** Smallest MTU of IPv4 (RFC 791 §3.2) and the largest that a TUN device takes. */
const MIN_MTU = 68
const MAX_MTU = 65535

/** Each is a thread with a stack; there are rings from each to each. */
const MAX_QUEUES = 64

/** A reader of text as a step of a schema: what it throws becomes the issue. */
function by<T, U>(read: (value: T) => U): (value: T, context: z.core.$RefinementCtx<T>) => U {
  return (value, context) => {
    try {
      return read(value)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  }
}

const text = z.string({ error: 'must be a text' }).min(1, { error: 'must not be empty' })
const path = text.transform((value) => resolve(value))
const flag = z.boolean({ error: 'must be true or false' })

/** An integer, written as a number (file) or in digits (command line). */
function integer(least: number, most: number) {
  return z.union([z.number(), z.string()], { error: 'must be a number' }).transform(
    by((value) => {
      const number = typeof value === 'number' || /^\d+$/.test(value) ? Number(value) : Number.NaN
      if (Number.isInteger(number) && number >= least && number <= most) return number
      throw new UsageError(`must be an integer from ${least} to ${most}, not '${value}'`)
    }),
  )
}

const descriptor = integer(3, 1 << 20)

const device = z
  .string({ error: 'must be a text' })
  .refine((name) => /^[^\s/:%]{1,15}$/.test(name) && name !== '.' && name !== '..', {
    error: 'must be a device name: 1 to 15 characters, no space, slash, colon or percent sign',
  })

/** `KEY=VALUE` texts, or the table that TOML makes of dotted keys. */
const sysctls = z.union(
  [
    z.array(z.string()).transform(by((items) => new Map(items.map(parseSysctl)))),
    z.record(z.string(), z.unknown()).transform(by((table) => new Map(flatten(table, '')))),
  ],
  { error: 'must be a list of KEY=VALUE, or a table' },
)

function flatten(table: object, prefix: string): [string, string][] {
  return Object.entries(table).flatMap(([key, value]): [string, string][] => {
    if (Array.isArray(value)) return [[shortName(prefix + key), value.join(' ')]]
    if (typeof value === 'object' && value !== null) return flatten(value, `${prefix}${key}.`)
    return [[shortName(prefix + key), String(value)]]
  })
}

const schema = z
  .strictObject({
    dev: device,
    address: text.transform(by(readSubnet)),
    'host-address': text.transform(by(readAddress)),
    mtu: integer(MIN_MTU, MAX_MTU),
    queues: integer(1, MAX_QUEUES),
    'no-offload': flag,
    'no-io-uring': flag,
    'no-gro': flag,
    'tun-fd': descriptor,
    service: z
      .array(z.string(), { error: 'must be a list of NAME:PORT' })
      .transform(by((items) => items.map(parseService))),
    user: text,
    pcap: path,
    control: path.refine((value) => Buffer.byteLength(value) < 108, {
      error: 'is too long for a unix socket (107 bytes)',
    }),
    'pid-file': path,
    'ready-fd': descriptor,
    'quiet-time': integer(0, 3600),
    'log-level': z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }),
    'log-format': z.enum(LOG_FORMATS, { error: `must be one of ${LOG_FORMATS.join(', ')}` }),
    sysctl: sysctls,
    impair: text.transform(by(parseImpairments)),
    seed: integer(0, 0xffffffff),
  })
  .partial()

/** What one source (command line or file) says, read and checked; absent keys are undefined. */
export type Options = z.output<typeof schema>

/** All keys of the configuration file; with two dashes in front, the options of `up`. */
export const OPTION_NAMES: readonly string[] = Object.keys(schema.shape)

/** Checks what a source says. `label` turns a key into how the user wrote it. Throws UsageError naming every mistake. */
export function readOptions(raw: object, label: (key: string) => string): Options {
  const result = schema.safeParse(raw)
  if (result.success) return result.data
  throw new UsageError(result.error.issues.flatMap((issue) => describe(issue, label)).join('\n'))
}

function describe(issue: z.core.$ZodIssue, label: (key: string) => string): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${label(key)}: unknown key${suggestion(key, OPTION_NAMES)}`)
  }
  const [key, index] = issue.path
  const place = typeof index === 'number' ? `${label(String(key))} ${index + 1}` : label(String(key))
  return [`${place}: ${innermost(issue)}`]
}

/** The message of the alternative that read furthest, where a union has one. */
function innermost(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message
  const custom = issue.errors.flat().find((each) => each.code === 'custom')
  return custom === undefined ? issue.message : custom.message
}
