import { IcmpCounters } from '../icmp/counters.ts'
import { IpCounters } from '../ip/counters.ts'
import { TcpCounters } from '../tcp/counters.ts'
import { UdpCounters } from '../udp/counters.ts'

/** What the stack itself counts. Ours: Linux has no names for it. */
export class StackCounters {
  /** Exceptions that were caught in a turn: bugs. */
  Faults = 0
  /** Answers dropped because the turn's ring of replies was full. */
  RepliesDropped = 0
  /** Packets dropped because the device had no room. */
  DeviceDropped = 0
  /** Packets to ourselves dropped because the queue for them was full. */
  LoopbackDropped = 0
  /** Packets that came to another queue than their owner's: given away, received from the others, and dropped since the ring was full. */
  HandedOver = 0
  TakenOver = 0
  HandOverDropped = 0
  /** TCP segments to broadcast or multicast (RFC 1122 §4.2.3.10). */
  TcpNotUnicast = 0
}

/** All counters of one stack. */
export class Counters {
  readonly ip = new IpCounters()
  readonly icmp = new IcmpCounters()
  readonly udp = new UdpCounters()
  readonly tcp = new TcpCounters()
  readonly stack = new StackCounters()
}
