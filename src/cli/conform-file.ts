import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type ConformOptions, conform, unreadable } from '../conformance/conform.ts'
import type { Verdict } from '../conformance/run-script.ts'
import { codeOf } from '../daemon/errors.ts'
import { PcapWriter } from '../device/pcap.ts'

/** A run's options with what concerns files; plain data. */
export interface FileOptions extends ConformOptions {
  /** Folder of captures. */
  readonly pcap: string | undefined
  /** Print what code blocks print. */
  readonly verbose: boolean
}

/** A verdict, and how long the machine took for it, milliseconds. */
export interface TimedVerdict extends Verdict {
  readonly took: number
  readonly printed: readonly string[]
}

/** Runs the script in the file. */
export function conformFile(file: string, options: FileOptions): TimedVerdict {
  const begin = performance.now()
  const printed: string[] = []
  const text = read(file)
  if (typeof text !== 'string') return { ...unreadable(file, text.reason), took: 0, printed }
  const print = options.verbose ? (line: string) => printed.push(line) : undefined
  const verdict = withCapture(file, options, (capture) =>
    conform(file, text, options, { capture, ...(print && { print }) }),
  )
  return { ...verdict, took: performance.now() - begin, printed }
}

function read(file: string): string | { reason: string } {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    return { reason: codeOf(error) === 'ENOENT' ? 'no such file' : codeOf(error) || 'unreadable' }
  }
}

function withCapture<T>(file: string, { pcap }: FileOptions, run: (capture: PcapWriter | undefined) => T): T {
  if (pcap === undefined) return run(undefined)
  const to = openSync(join(pcap, `${file.replaceAll(/[^\w.-]+/g, '_').replace(/\.pkt$/, '')}.pcap`), 'w')
  try {
    const writer = new PcapWriter((bytes) => writeSync(to, bytes) === bytes.length, { epoch: 0 })
    const result = run(writer)
    writer.flush()
    return result
  } finally {
    closeSync(to)
  }
}
