/** A requirement of RFC 9293 broken in the code: in the file (of src) `find`, which is there once, becomes `replace`. */
export interface Mutation {
  readonly requirement: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

const mutation = (requirement: string, file: string, find: string, replace: string): Mutation => ({
  requirement,
  file,
  find,
  replace,
})

export const MUTATIONS: readonly Mutation[] = [
  mutation('MUST-3', 'wire/tcp.ts', 'length))) === 0xffff', 'length))) !== -1'),
  mutation('MUST-6', 'wire/tcp-options.ts', 'default:\n      return true', 'default:\n      return false'),
  mutation('MUST-7', 'wire/tcp-options.ts', 'length < 2 || at + length > end', 'length < 2'),
  mutation('MUST-8', 'tcp/isn.ts', 'now / 4', 'now / 8'),
  mutation(
    'MUST-9',
    'tcp/isn.ts',
    'words(local, remote, (localPort << 16) | remotePort, 0)',
    'words(0, 0, 0, 0)',
  ),
  mutation(
    'MUST-11',
    'tcp/arrives/check-rst.ts',
    `c.state === 'SYN-RECEIVED' && c.isActive ? 'refused' : 'reset'`,
    `'reset'`,
  ),
  mutation('MUST-12', 'tcp/arrives/check-rst.ts', `'refused' : 'reset'`, `'refused' : 'closed'`),
  mutation('MUST-13', 'tcp/time-wait.ts', 'LONGEST_WAIT * SECOND', '(LONGEST_WAIT * SECOND) / 2'),
  mutation('MUST-14', 'tcp/segments.ts', 'host.receiveMtu - 40', 'host.receiveMtu - 20'),
  mutation('MUST-15', 'tcp/options.ts', 'DEFAULT_MSS = 536', 'DEFAULT_MSS = 1460'),
  mutation('MUST-17', 'tcp/output.ts', 'settings.noDelay || ', ''),
  mutation('MUST-18', 'tcp/rtt.ts', 'this.variation = measured >> 1', 'this.variation = measured'),
  mutation('MUST-19', 'tcp/rtt.ts', 'this.#base * 2 ** this.backoff', 'this.#base'),
  mutation('MUST-20', 'tcp/timeouts.ts', 'return stalled >= backoffTime(retriesOf(c))', 'return false'),
  mutation('MUST-22', 'tcp/timeouts.ts', 'initialTimeout * 2 ** ', 'initialTimeout + 0 * '),
  mutation('MUST-24', 'tcp/calls.ts', 'c.timers.cancel(Timer.Keepalive)', 'return'),
  mutation('MUST-25', 'tcp/settings.ts', 'keepAlive = false', 'keepAlive = true'),
  mutation('MUST-26', 'tcp/timeouts.ts', 'send.flight > 0 || send.unsent > 0 || silent', 'silent'),
  mutation('MUST-28', 'tcp/sysctls.ts', 'tcp_keepalive_time = 7200', 'tcp_keepalive_time = 720'),
  mutation('MUST-29', 'tcp/timeouts.ts', 'c.probes >= settings.keepCount', 'c.probes >= 1'),
  mutation(
    'MUST-32',
    'tcp/arrives/check-urg.ts',
    'isUrgentTaken = false\n  c.notify()',
    'isUrgentTaken = false',
  ),
  mutation('MUST-37', 'tcp/timeouts.ts', 'return c.probes >= retries', 'return c.rtt.backoff >= retries'),
  mutation('MUST-39', 'tcp/receive.ts', 'return gain > 0 && gain >=', 'return gain > 0 || gain >='),
  mutation('MUST-40', 'tcp/ack-delay.ts', 'SHORTEST: Duration = 40 *', 'SHORTEST: Duration = 600 *'),
  mutation(
    'MUST-43',
    'tcp/listeners.ts',
    'choose(candidates, local, choice) ?? choose(candidates, 0, choice)',
    'choose(candidates, 0, choice) ?? choose(candidates, local, choice)',
  ),
  mutation('MUST-48', 'tcp/segments.ts', '    tos,\n    timeToLive,', '    0,\n    timeToLive,'),
  mutation(
    'MUST-50',
    'ip/options.ts',
    'if (kind === LOOSE_SOURCE_ROUTE',
    'if (kind > 1 || kind === LOOSE_SOURCE_ROUTE',
  ),
  mutation('MUST-55', 'tcp/icmp-error.ts', 'if (error.type === SOURCE_QUENCH) return', ''),
  mutation('MUST-57', 'stack/tcp-input.ts', 'if (!packet.isUnicast)', 'if (packet.end < 0)'),
  mutation(
    'MUST-58',
    'tcp/ack-delay.ts',
    'const { acks, receive, timers } = c',
    'const { acks, receive, timers } = c\n    acks.oweDuplicate()',
  ),
  mutation('MUST-61', 'tcp/output.ts', 'const isEnd = isLast && !send.isUnfinished', 'const isEnd = false'),
  mutation(
    'MUST-62',
    'tcp/segments.ts',
    'isUrgent ? distance(seq, send.up) : 0',
    'isUrgent ? distance(seq, send.up) - 1 : 0',
  ),
  mutation('MUST-63', 'ip/ip.ts', 'if (!routes.isUnicast(source))', 'if (source === -2)'),
  mutation('MUST-66', 'tcp/arrives/check-sequence.ts', 'seg.seq === nxt || inWindow', 'inWindow'),
  mutation('MUST-69', 'tcp/options.ts', 'at = putEnd(bytes, at)', 'at = putNop(bytes, at)'),
]
