import { readFileSync, statSync } from 'node:fs'
import { SeededRandom } from '../base/random.ts'
import type { Impairments } from '../device/impairments.ts'
import { codeOf, DaemonError, messageOf, UsageError } from './errors.ts'
import { parseImpairments } from './impairments.ts'

/** What the command line says, each as text. */
export interface DemoWords {
  size?: string
  file?: string
  seed?: string
  speed?: string
  loss?: string
  delay?: string
  rate?: string
  reorder?: string
  duplicate?: string
  corrupt?: string
}

export interface DemoOptions {
  data: Uint8Array
  /** What the data is, to be shown. */
  source: string
  impairments: Impairments
  seed: number
  /** Virtual seconds in a second of the show; 0: as fast as it goes. */
  speed: number
}

const DEFAULTS = { loss: '2%', delay: '20ms', rate: '20mbit', reorder: '0%', duplicate: '0%', corrupt: '0%' }
const SIZE = '4MB'
const SPEED = '3'

/** The unit of a number without one. */
const UNITS: Readonly<Record<keyof typeof DEFAULTS, string>> = {
  loss: '%',
  delay: 'ms',
  rate: 'mbit',
  reorder: '%',
  duplicate: '%',
  corrupt: '%',
}

const SCALES = new Map<string, number>([
  ['', 1],
  ['k', 1e3],
  ['m', 1e6],
  ['g', 1e9],
])

const MOST = 1e9

/** Reads the words, and the file. Throws UsageError, and DaemonError for a file that cannot be read. */
export function readDemoOptions(words: DemoWords): DemoOptions {
  if (words.file !== undefined && words.size !== undefined) {
    throw new UsageError('--file and --size exclude each other')
  }
  const seed = number('--seed', words.seed ?? '1')
  const impairments = readImpairments(words)
  if (impairments.rate === 0) throw new UsageError('--rate: must be more than nothing')
  const speed = number('--speed', words.speed ?? SPEED)
  if (words.file !== undefined) {
    return { data: readFile(words.file), source: words.file, impairments, seed, speed }
  }
  const data = generate(parseSize(words.size ?? SIZE), seed)
  return { data, source: 'generated data', impairments, seed, speed }
}

function readImpairments(words: DemoWords): Impairments {
  const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]
  const items = names.map((name) => {
    const word = words[name] ?? DEFAULTS[name]
    return `${name}=${/^[\d.]+$/.test(word) ? word + UNITS[name] : word}`
  })
  return parseImpairments(items.join(','))
}

function number(option: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`${option}: '${text}' is not a number`)
  return Number(text)
}

/** `500k`, `4MB`, `1000`: bytes, decimal. Throws UsageError. */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?)b?$/i.exec(text) ?? []
  const size = Math.round(Number(digits) * (SCALES.get(unit.toLowerCase()) ?? Number.NaN))
  if (digits === '' || size > MOST) {
    throw new UsageError(`--size: '${text}' is not a number of bytes up to 1GB, as in 500kB or 4MB`)
  }
  return size
}

function readFile(path: string): Uint8Array {
  try {
    if (statSync(path).size > MOST) throw new DaemonError('EFBIG', `${path} has more than 1 GB`)
    return readFileSync(path)
  } catch (error) {
    if (error instanceof DaemonError) throw error
    throw new DaemonError(codeOf(error), `cannot read ${path}: ${messageOf(error)}`)
  }
}

/** Bytes that follow from the seed, in which no two places look alike. */
function generate(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let x = new SeededRandom(seed).word() | 1
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[i] = x
  }
  return new Uint8Array(words.buffer, 0, length)
}
