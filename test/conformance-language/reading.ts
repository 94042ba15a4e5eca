import type { PacketAction, Script, ScriptEvent, SystemCall } from '../../src/conformance/ast.ts'
import { parseScript } from '../../src/conformance/parse-script.ts'
import { ScriptError } from '../../src/conformance/script-error.ts'
import type { IcmpPacket, ScriptPacket, TcpPacket } from '../../src/conformance/script-packet.ts'

/** What the tests read scripts with: one call for each kind of thing. */

export const script = (text: string, definitions: Record<string, string> = {}): Script =>
  parseScript('a.pkt', text, new Map(Object.entries(definitions)))

export const event = (text: string): ScriptEvent => script(text).events[0]!

/** The packet of an event, written without its time. */
export const packet = (text: string): ScriptPacket => (event(`0 ${text}`).action as PacketAction).packet

export const tcp = (text: string): TcpPacket => packet(text) as TcpPacket

export const icmp = (text: string): IcmpPacket => packet(text) as IcmpPacket

/** A system call, written without its time. */
export const call = (text: string): SystemCall => event(`0 ${text}`).action as SystemCall

/** The message of the error that reading the text gives. */
export function errorOf(text: string): string {
  try {
    script(text)
  } catch (error) {
    if (error instanceof ScriptError) return error.message
    throw error
  }
  throw new Error('the text was read without an error')
}
