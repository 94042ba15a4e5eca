import { expect, test } from 'vitest'
import type { Peer } from '../support/peer.ts'
import {
  closed,
  closeWait,
  closing,
  connected,
  established,
  finWait1,
  finWait2,
  lastAck,
  listening,
  synCrossed,
  synReceived,
  synSent,
  timeWait,
} from '../support/peers.ts'

const everyState: Record<string, () => Peer> = {
  CLOSED: closed,
  LISTEN: listening,
  'SYN-SENT': synSent,
  'SYN-RECEIVED': synReceived,
  ESTABLISHED: established,
  'FIN-WAIT-1': finWait1,
  'FIN-WAIT-2': finWait2,
  'CLOSE-WAIT': closeWait,
  CLOSING: closing,
  'LAST-ACK': lastAck,
  'TIME-WAIT': timeWait,
}

test.each(Object.entries(everyState))('[RFC9293 §3.3.2] %s is reached', (name, make) => {
  expect(make().currentState).toBe(name)
})

test('[RFC9293 §3.5] an active open is established by the SYN-ACK', () => {
  connected().state('ESTABLISHED')
})

test('[RFC9293 §3.5] MUST-10: SYNs that cross lead through SYN-RECEIVED', () => {
  const peer = synCrossed()
  peer.state('SYN-RECEIVED')
})
