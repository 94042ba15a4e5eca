import { closeSync, constants, openSync, writeSync } from 'node:fs'
import type { CaptureWriter } from '../device/capture.ts'
import { PcapWriter } from '../device/pcap.ts'
import { PcapngWriter } from '../device/pcapng.ts'
import { codeOf, DaemonError, messageOf } from './errors.ts'
import type { Logger } from './logging.ts'

const { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } = constants

/** A file that several stacks write to: its descriptor, of the process. */
export interface SharedCapture {
  readonly path: string
  readonly fd: number
}

/**
 * A capture that goes to a file: pcapng when its name ends so, else pcap.
 *
 * Whole packets are appended with one call, so that several stacks can write to one file: the packets of a connection are then in order, those
 * of different stacks may be late by the writer's patience.
 */
export class CaptureFile implements SharedCapture {
  readonly path: string
  readonly fd: number
  readonly writer: CaptureWriter
  readonly #isOwner: boolean
  readonly #log: Logger
  #isBroken = false

  /**
   * Replaces the file, or adds to one that is `shared`. `epoch`: the wall clock at the stack's zero, milliseconds since 1970. Throws
   * DaemonError.
   */
  constructor(path: string, device: string, epoch: number, log: Logger, shared?: SharedCapture) {
    this.path = path
    this.#log = log
    this.#isOwner = shared === undefined
    this.fd = shared?.fd ?? create(path)
    const take = (bytes: Uint8Array): boolean => this.#write(bytes)
    const options = { epoch: epoch * 1000, continues: shared !== undefined }
    this.writer = path.endsWith('.pcapng')
      ? new PcapngWriter(take, { ...options, interfaceName: device })
      : new PcapWriter(take, options)
  }

  close(): void {
    this.writer.flush()
    if (this.#isOwner) closeSync(this.fd)
  }

  /** A disk that is full ends the capture, not the daemon. */
  #write(bytes: Uint8Array): boolean {
    if (this.#isBroken) return false
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at)
      return true
    } catch (error) {
      this.#isBroken = true
      this.#log.error({ err: error }, `the capture to ${this.path} has ended`)
      return false
    }
  }
}

function create(path: string): number {
  try {
    return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o640)
  } catch (error) {
    throw new DaemonError(codeOf(error), `cannot write the capture: ${messageOf(error)}`)
  }
}
