import { Errno } from '../../src/socket/errno.ts'
import type { TcpCounters } from '../../src/tcp/counters.ts'
import type { Actor } from './actor.ts'
import { NOTHING_REMAINS, type Outcome } from './stage.ts'

/** Ends that a connection may come to; the others only where ICMP errors are forged. */
const ENDINGS: readonly number[] = [Errno.ECONNRESET, Errno.EPIPE, Errno.ETIMEDOUT, Errno.ECONNREFUSED]
const SLANDERED: readonly number[] = [
  Errno.ENETUNREACH,
  Errno.EHOSTUNREACH,
  Errno.EHOSTDOWN,
  Errno.ENONET,
  Errno.EOPNOTSUPP,
  Errno.EPROTO,
  Errno.ENOPROTOOPT,
]

const total = (outcome: Outcome, name: keyof TcpCounters): number =>
  outcome.counters.reduce((sum, { tcp }) => sum + tcp[name], 0)

/** What is wrong with how it went; nothing, if all is well. */
export function complaints(outcome: Outcome): string[] {
  const said = [...outcome.referee.complaints, ...remains(outcome), ...counts(outcome)]
  const { clients, servers, dead } = outcome
  for (const actor of [...clients, ...servers]) if (!dead.has(actor)) said.push(...ended(outcome, actor))
  for (const [from, to] of [
    [clients, servers],
    [servers, clients],
  ] as const) {
    for (const actor of to) {
      if (actor.receivedLength > 0 && !from.some((one) => actor.isFrom(one)))
        said.push(`${actor.name} received what nobody sent`)
    }
  }
  if (!outcome.plan.mayFail && !hasGivenUp(outcome)) said.push(...incomplete(outcome))
  return said
}

function remains(outcome: Outcome): string[] {
  return outcome.remains.flatMap((each, i) =>
    Object.entries(NOTHING_REMAINS)
      .filter(([name, wanted]) => each[name as keyof typeof each] !== wanted)
      .map(([name]) => `${['client', 'server'][i]}: ${name} is ${each[name as keyof typeof each]}`),
  )
}

/** Counters that fit neither each other nor what happened. */
function counts(outcome: Outcome): string[] {
  const said: string[] = []
  for (const [i, { tcp, ip, stack }] of outcome.counters.entries()) {
    const who = ['client', 'server'][i]
    const holds = (is: boolean, what: string) => {
      if (!is) said.push(`${who}: ${what}`)
    }
    for (const [name, value] of Object.entries({ ...tcp, ...ip })) {
      if (typeof value === 'number') holds(value >= 0 && Number.isInteger(value), `${name} is ${value}`)
    }
    const sent = outcome.referee.sent.get(who!) ?? 0
    const isOneLife = outcome.plan.crashes.length === 0
    holds(!isOneLife || tcp.OutSegs <= sent, `OutSegs is ${tcp.OutSegs}, but ${sent} segments were sent`)
    holds(
      !isOneLife || sent <= tcp.OutSegs + tcp.RetransSegs,
      `${sent} segments were sent, and ${tcp.OutSegs} counted`,
    )
    holds(tcp.InErrs >= tcp.InCsumErrors, 'InErrs < InCsumErrors')
    holds(tcp.RetransSegs >= tcp.TCPSynRetrans + tcp.TCPFastRetrans, 'RetransSegs below its parts')
    holds(tcp.EstabResets <= tcp.ActiveOpens + tcp.PassiveOpens, 'more EstabResets than opens')
    holds(tcp.OutRsts <= tcp.OutSegs, 'more OutRsts than OutSegs')
    holds(stack.RepliesDropped + stack.DeviceDropped + stack.LoopbackDropped === 0, 'packets dropped inside')
  }
  return said
}

/** An actor's connection is over, with at most one errno, and one that its peer, the network or itself can have caused. */
function ended(outcome: Outcome, actor: Actor): string[] {
  const said: string[] = []
  const { error, secondError, name, socket } = actor
  const state = socket.connection?.state ?? 'CLOSED'
  if (state !== 'CLOSED') said.push(`${name} is in ${state}`)
  if (!actor.isClosed) said.push(`${name} has not come to an end`)
  if (secondError !== 0) said.push(`${name} was told ${error}, and then ${secondError}`)
  const isSlandered = outcome.plan.forth.slander + outcome.plan.back.slander > 0
  const known = isSlandered ? [...ENDINGS, ...SLANDERED] : ENDINGS
  if (error !== 0 && !known.includes(-error)) said.push(`${name} was told ${error}`)
  if (error === -Errno.ETIMEDOUT && total(outcome, 'TCPAbortOnTimeout') + outcome.dead.size === 0) {
    said.push(`${name} was told ETIMEDOUT, and no time-out was counted`)
  }
  return said
}

/** A path so bad that somebody gave up, or never came through. */
const hasGivenUp = (outcome: Outcome): boolean => {
  const { forth, back } = outcome.plan
  const isBad = [forth, back].some(
    ({ impairments }) => (impairments?.loss ?? 0) + (impairments?.corrupt ?? 0) > 0.05,
  )
  return isBad && total(outcome, 'TCPAbortOnTimeout') + total(outcome, 'AttemptFails') > 0
}

/** Nothing stood in the way: all of everything arrived, and nobody had to ask whether the other is still there. */
function incomplete(outcome: Outcome): string[] {
  const said: string[] = []
  const { clients, servers, plan } = outcome
  if (clients.length !== plan.lanes * plan.rounds) said.push(`${clients.length} connections were opened`)
  const left = new Set(servers)
  for (const client of clients) {
    const server = [...left].find((one) => isWhole(client, one))
    if (server !== undefined) left.delete(server)
    else
      said.push(`${client.name} has ${client.receivedLength} bytes and ${client.error}, and no whole partner`)
  }
  if (total(outcome, 'TCPKeepAlive') > 0 && isPatient(outcome))
    said.push('somebody needed a keep-alive probe')
  return said
}

const isWhole = (one: Actor, other: Actor): boolean =>
  one.error === 0 &&
  other.error === 0 &&
  one.isFrom(other) &&
  other.isFrom(one) &&
  one.hasAllOf(other) &&
  other.hasAllOf(one)

const isPatient = ({ plan }: Outcome): boolean =>
  plan.client.socket.keepIdle >= 7200 && plan.server.socket.keepIdle >= 7200
