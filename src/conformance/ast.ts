import type { CodeBlock } from './code-ast.ts'
import type { Place } from './script-error.ts'
import type { ScriptPacket } from './script-packet.ts'
import type { EventTime } from './script-time.ts'

/** A script as it was written: nothing is looked up, no symbol has a value yet. */
export interface Script {
  readonly file: string
  /** The source, so that a report can show the lines of an event. */
  readonly text: string
  readonly options: readonly ScriptOption[]
  /** Runs before the first event; its failure ends the script. */
  readonly init: CommandAction | undefined
  /** At least one. */
  readonly events: readonly ScriptEvent[]
  /** Runs at the end, whether the script passed or not. */
  readonly cleanup: CommandAction | undefined
}

/** `--name` or `--name=value`; of `--define=NAME=VALUE` the value is `NAME=VALUE`. */
export interface ScriptOption {
  readonly name: string
  readonly value: string | undefined
  readonly place: Place
}

export interface ScriptEvent {
  readonly time: EventTime
  readonly action: Action
  /** Where the time stands. */
  readonly place: Place
  /** Offsets in the script's text of the event's first character and of the one after its last. */
  readonly start: number
  readonly end: number
}

export type Action = PacketAction | SystemCall | CommandAction | CodeAction

export interface PacketAction {
  readonly kind: 'packet'
  readonly packet: ScriptPacket
  readonly place: Place
}

export interface CommandAction {
  readonly kind: 'command'
  /** What a shell would be given. */
  readonly text: string
  readonly place: Place
}

export interface CodeAction {
  readonly kind: 'code'
  readonly block: CodeBlock
  readonly place: Place
}

export interface SystemCall {
  readonly kind: 'call'
  readonly name: string
  readonly arguments: readonly Expression[]
  readonly result: Expression
  /** Name of the error that must come with the result. */
  readonly errno: string | undefined
  /** The comment in parentheses after the result. */
  readonly note: string | undefined
  /**
   * Microseconds, on the same base as the event's time: when a blocking call must return. `undefined`: the call must not
   * block.
   */
  readonly until: number | undefined
  readonly place: Place
}

/** An argument or a result of a system call. */
export type Expression =
  /** `...`: the runner supplies it. */
  | { readonly kind: 'ellipsis'; readonly place: Place }
  | { readonly kind: 'integer'; readonly value: number; readonly place: Place }
  | { readonly kind: 'name'; readonly name: string; readonly place: Place }
  /** Escapes are resolved: one character a byte. `open`: written `"text"...`, more may follow. */
  | { readonly kind: 'string'; readonly value: string; readonly open: boolean; readonly place: Place }
  | { readonly kind: 'or'; readonly left: Expression; readonly right: Expression; readonly place: Place }
  /** `NAME=value`, as in a list of attributes. */
  | { readonly kind: 'assign'; readonly name: string; readonly value: Expression; readonly place: Place }
  /** `htons(n)` or `inet_addr("...")`. */
  | { readonly kind: 'convert'; readonly name: Conversion; readonly of: Expression; readonly place: Place }
  /** `[a, b]`, or `{a, b}` (`braces`). */
  | {
      readonly kind: 'list'
      readonly items: readonly Expression[]
      readonly braces: boolean
      readonly place: Place
    }
  | StructLiteral

export type Conversion = 'htons' | 'inet_addr'

export interface StructLiteral {
  readonly kind: 'struct'
  readonly type: StructType
  /**
   * By the names that the script uses. What stands in parentheses after `msg_name` and `msg_iov` is `msg_namelen` and
   * `msg_iovlen`; the two members of an iovec are `iov_base` and `iov_len`.
   */
  readonly fields: ReadonlyMap<string, Expression>
  readonly place: Place
}

export type StructType =
  | 'iovec'
  | 'pollfd'
  | 'epoll_event'
  | 'linger'
  | 'cmsghdr'
  | 'scm_timestamping'
  | 'sock_extended_err'
  | 'sockaddr_in'
  | 'msghdr'
