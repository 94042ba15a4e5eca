import { OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, Peer, type PeerOptions } from './peer.ts'

/** A peer for each state that our side can be in, named after that state. Everything sent on the way has been taken. */

const optionsOf = (options: PeerOptions): string => options.options ?? 'mss 1460'

/** CLOSED: nobody listens. */
export const closed = (options: PeerOptions = {}): Peer => new Peer(options)

export function listening(options: PeerOptions = {}): Peer {
  const peer = new Peer(options)
  peer.listener = peer.tcp.listen(0, OUR_PORT, options.backlog ?? 8, peer.settings)
  return peer
}

/** SYN-RECEIVED by a passive open. */
export function synReceived(options: PeerOptions = {}): Peer {
  const peer = listening(options)
  peer.sends(`S 0:0(0) <${optionsOf(options)}>`)
  peer.expects('S. 0:0(0) ack 1')
  peer.agreed(optionsOf(options))
  return peer
}

/** ESTABLISHED by a passive open, and accepted. */
export function established(options: PeerOptions = {}): Peer {
  const peer = synReceived(options)
  peer.sends('. 1:1(0) ack 1')
  peer.accepts()
  peer.expectsNothing()
  return peer
}

/** SYN-SENT, our SYN has been sent. */
export function synSent(options: PeerOptions = {}): Peer {
  const peer = new Peer(options)
  peer.connection = peer.tcp.connect(OUR_ADDRESS, OUR_PORT, PEER_ADDRESS, PEER_PORT, peer.settings, peer.now)
  peer.expects('S 0:0(0)')
  return peer
}

/** SYN-RECEIVED by an active open that met the peer's. */
export function synCrossed(options: PeerOptions = {}): Peer {
  const peer = synSent(options)
  peer.sends(`S 0:0(0) <${optionsOf(options)}>`)
  peer.expects('S. 0:0(0) ack 1')
  peer.agreed(optionsOf(options))
  return peer
}

/** ESTABLISHED by an active open. */
export function connected(options: PeerOptions = {}): Peer {
  const peer = synSent(options)
  peer.sends(`S. 0:0(0) ack 1 <${optionsOf(options)}>`)
  peer.expects('. 1:1(0) ack 1')
  peer.agreed(optionsOf(options))
  return peer
}

export function finWait1(options: PeerOptions = {}): Peer {
  const peer = established(options)
  peer.closes()
  peer.expects('F. 1:1(0) ack 1')
  return peer
}

export function finWait2(options: PeerOptions = {}): Peer {
  const peer = finWait1(options)
  peer.sends('. 1:1(0) ack 2')
  peer.expectsNothing()
  return peer
}

export function closing(options: PeerOptions = {}): Peer {
  const peer = finWait1(options)
  peer.sends('F. 1:1(0) ack 1')
  peer.expects('. 2:2(0) ack 2')
  return peer
}

export function timeWait(options: PeerOptions = {}): Peer {
  const peer = finWait2(options)
  peer.sends('F. 1:1(0) ack 2')
  peer.expects('. 2:2(0) ack 2')
  return peer
}

export function closeWait(options: PeerOptions = {}): Peer {
  const peer = established(options)
  peer.sends('F. 1:1(0) ack 1')
  peer.expects('. 1:1(0) ack 2')
  return peer
}

export function lastAck(options: PeerOptions = {}): Peer {
  const peer = closeWait(options)
  peer.closes()
  peer.expects('F. 1:1(0) ack 2')
  return peer
}
