import { closeSync, openSync, writeSync } from 'node:fs'
import type { CaptureWriter } from '../device/capture.ts'
import { PcapWriter } from '../device/pcap.ts'
import { PcapngWriter } from '../device/pcapng.ts'
import { codeOf, DaemonError, messageOf } from './errors.ts'
import type { Logger } from './logging.ts'

/** A capture that goes to a file: pcapng when its name ends so, else pcap. */
export class CaptureFile {
  readonly path: string
  readonly writer: CaptureWriter
  readonly #fd: number
  readonly #log: Logger
  #isBroken = false

  /** Replaces the file. `epoch`: the wall clock at the stack's zero, milliseconds since 1970. Throws DaemonError. */
  constructor(path: string, device: string, epoch: number, log: Logger) {
    this.path = path
    this.#log = log
    try {
      this.#fd = openSync(path, 'w', 0o640)
    } catch (error) {
      throw new DaemonError(codeOf(error), `cannot write the capture: ${messageOf(error)}`)
    }
    const take = (bytes: Uint8Array): boolean => this.#write(bytes)
    const options = { epoch: epoch * 1000 }
    this.writer = path.endsWith('.pcapng')
      ? new PcapngWriter(take, { ...options, interfaceName: device })
      : new PcapWriter(take, options)
  }

  close(): void {
    this.writer.flush()
    closeSync(this.#fd)
  }

  /** A disk that is full ends the capture, not the daemon. */
  #write(bytes: Uint8Array): boolean {
    if (this.#isBroken) return false
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at)
      return true
    } catch (error) {
      this.#isBroken = true
      this.#log.error({ err: error }, `the capture to ${this.path} has ended`)
      return false
    }
  }
}
