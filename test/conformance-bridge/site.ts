import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { BridgeServer } from '../../src/cli/bridge-server.ts'
import { Op } from '../../src/conformance/bridge/frame.ts'
import { Flag, readSegment, Segment } from '../../src/wire/tcp.ts'
import { temporaryFolder } from '../daemon/temporary.ts'
import { ip, tcpPacket } from '../support/packets.ts'
import { type Answer, Client, sockaddr } from './client.ts'

export const STACK = '192.168.0.1'
export const PEER = '192.0.2.1'
export const PORT = 8080
const PEER_PORT = 5000

/** A bridge with what it has logged; it goes away with the test. */
export interface Site {
  readonly path: string
  readonly logged: string[]
  /** A client, without HELLO. */
  connect(): Promise<Client>
  /** A client with a fresh stack. */
  hello(flags?: string, maxWait?: number): Promise<Client>
}

export async function site(profile?: string): Promise<Site> {
  const path = join(temporaryFolder(), 'bridge.sock')
  const logged: string[] = []
  const server = await BridgeServer.listen(path, { profile, log: (line) => logged.push(line) })
  onTestFinished(() => server.close())
  const connect = async () => {
    const client = await Client.connect(path)
    onTestFinished(() => client.end())
    return client
  }
  return {
    path,
    logged,
    connect,
    hello: async (flags, maxWait) => {
      const client = await connect()
      await client.hello(flags, maxWait)
      return client
    },
  }
}

export interface Fields {
  flags: number
  seq?: number
  ack?: number
  data?: string
}

/** A segment of the client's side arrives. */
export const sends = (client: Client, { flags, seq = 0, ack = 0, data = '' }: Fields): Promise<Answer> =>
  client.ask(
    Op.NetdevSend,
    [],
    [
      tcpPacket(Buffer.from(data), {
        flags,
        seq,
        ack,
        source: ip(PEER),
        destination: ip(STACK),
        sourcePort: PEER_PORT,
        destinationPort: PORT,
      }),
    ],
  )

export interface Received {
  /** When it was sent. */
  time: number
  segment: Segment
  data: string
}

/** The next segment of the stack's, or undefined when none comes. */
export async function receives(client: Client, maxWait = 1e6): Promise<Received | undefined> {
  const { ret, ints, blobs } = await client.ask(Op.NetdevReceive, [65_535, maxWait])
  if (ret !== 0 || ints.length !== 1 || blobs.length !== 1) throw new Error('not an answer to NETDEV_RECEIVE')
  const packet = blobs[0]!
  if (packet.length === 0) return undefined
  const segment = new Segment()
  readSegment(segment, packet, 20, packet.length)
  const data = packet.toString('latin1', 20 + segment.headerLength)
  return { time: Number(ints[0]), segment, data }
}

/** A listening socket of the stack's at descriptor `fd`. */
export async function listens(client: Client, fd = 3): Promise<void> {
  await client.ask(Op.Socket, [2, 1, 6, fd])
  await client.ask(Op.Bind, [fd], [sockaddr('0.0.0.0', PORT)])
  await client.ask(Op.Listen, [fd, 1])
}

/** The peer opens a connection; our initial sequence number. */
export async function opens(client: Client): Promise<number> {
  await sends(client, { flags: Flag.Syn })
  const answer = await receives(client)
  const iss = answer!.segment.seq
  await sends(client, { flags: Flag.Ack, seq: 1, ack: (iss + 1) | 0 })
  return iss
}
