import type { Place } from './script-error.ts'

export type TokenKind =
  | 'integer' // 12, -1
  | 'hex' // 0x1f
  | 'float' // 1.25, .1
  | 'word' // letters, digits and underscores; `gen-254` and `exp-FO` too
  | 'string' // "..."
  | 'command' // `...`
  | 'code' // %{ ... }%
  | 'address' // 192.0.2.1, fd00::1
  | 'option' // --name
  | 'ellipsis' // ...
  | 'symbol' // any other character
  | 'end'

export interface Token {
  readonly kind: TokenKind
  /** What was written, without the marks around it; escapes are still in it. An option has no dashes. */
  readonly text: string
  readonly place: Place
  /** Offsets of the first character and of the one after the last, marks included. */
  readonly start: number
  readonly end: number
}

/** Longest piece of a script that a message quotes. */
const QUOTED = 40

/** How a message names a token. */
export function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end of the file'
    case 'string':
      return `"${shorten(token.text)}"`
    case 'command':
      return 'a command in back-quotes'
    case 'code':
      return 'a code block'
    case 'ellipsis':
      return '`...`'
    case 'option':
      return `\`--${shorten(token.text)}\``
    default:
      return `\`${shorten(token.text)}\``
  }
}

const shorten = (text: string): string => (text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text)

/**
 * Words with a place of their own in packets and structs: a symbol given with `-D` never replaces them, wherever they
 * stand.
 */
export const RESERVED: ReadonlySet<string> = new Set([
  ...[
    'ack',
    'win',
    'urg',
    'mss',
    'nop',
    'eol',
    'sack',
    'sackOK',
    'wscale',
    'TS',
    'val',
    'ecr',
    'FO',
    'FOEXP',
    'md5',
  ],
  ...[
    'ECN',
    'e0b',
    'ceb',
    'e1b',
    'icmp',
    'udp',
    'raw',
    'mtu',
    'id',
    'ipv4',
    'ipv6',
    'noecn',
    'ect0',
    'ect1',
    'ect01',
  ],
  ...[
    'ce',
    'tos',
    'ttl',
    'flowlabel',
    'flags',
    'Flags',
    'fd',
    'events',
    'revents',
    'ptr',
    'u32',
    'u64',
    'onoff',
  ],
  ...[
    'linger',
    'htons',
    'inet_addr',
    'sa_family',
    'sin_port',
    'sin_addr',
    'msg_name',
    'msg_iov',
    'msg_flags',
  ],
  ...[
    'msg_control',
    'cmsg_level',
    'cmsg_type',
    'cmsg_data',
    'ee_errno',
    'ee_origin',
    'ee_type',
    'ee_code',
    'ee_info',
  ],
  ...['ee_data', 'scm_sec', 'scm_nsec'],
])
