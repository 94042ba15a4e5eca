import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MILLISECOND, MINUTE, SECOND } from '../../src/base/time.ts'
import { Level, Shutdown, SocketOption, TcpOption } from '../../src/socket/constants.ts'
import type { StreamSocket } from '../../src/socket/stream-socket.ts'
import { tcpInfo } from '../../src/socket/tcp-info.ts'
import {
  emptyTcpInfo,
  encodeTcpInfo,
  TCP_INFO_LENGTH,
  tcpInfoLayout,
} from '../../src/socket/tcp-info-layout.ts'
import { B } from '../support/sim-world.ts'
import { accepted, connected, hosts, listenAt, PORT, say } from './connections.ts'

describe('the struct', () => {
  test('[tcp(7)] TCP_INFO: fields follow each other without a hole, up to AccECN’s', () => {
    let end = 0
    for (const { name, offset, bits } of tcpInfoLayout()) {
      expect([name, Math.floor(end / 8)]).toEqual([name, offset])
      end += bits
      if (name === 'tcpi_fastopen_client_fail') end = 64 // five bits are free
    }
    expect(end / 8).toBe(248)
    expect(TCP_INFO_LENGTH).toBe(280)
  })

  test('[tcp(7)] TCP_INFO: every field is little-endian at its place', () => {
    const info = emptyTcpInfo()
    info.tcpi_state = 10
    info.tcpi_snd_wscale = 7
    info.tcpi_rcv_wscale = 8
    info.tcpi_fastopen_client_fail = 3
    info.tcpi_rto = 0x01020304
    info.tcpi_min_rtt = 0xffffffff
    info.tcpi_bytes_acked = 2 ** 40 + 5
    info.tcpi_total_rto_recoveries = 0x1234
    const bytes = encodeTcpInfo(info)
    const view = new DataView(bytes.buffer)
    expect([bytes[0], bytes[6], bytes[7]]).toEqual([10, 0x87, 6])
    expect(view.getUint32(8, true)).toBe(0x01020304)
    expect(view.getUint32(148, true)).toBe(0xffffffff)
    expect(view.getBigUint64(120, true)).toBe(2n ** 40n + 5n)
    expect(view.getUint16(242, true)).toBe(0x1234)
  })

  test('[tcp(7)] a shorter buffer gets the struct’s beginning', () => {
    const { client } = connected()
    const [all, some] = [new Uint8Array(1000), new Uint8Array(100)]
    expect(client.getsockoptInto(Level.Tcp, TcpOption.Info, all)).toBe(280)
    expect(client.getsockoptInto(Level.Tcp, TcpOption.Info, some)).toBe(100)
    expect(some).toEqual(all.subarray(0, 100))
    expect(all[0]).toBe(1)
  })

  test('docs/tcp-info.md names every field at its offset', () => {
    const text = readFileSync(new URL('../../docs/tcp-info.md', import.meta.url), 'utf8')
    const documented = new Map<string, number>()
    for (const [, names = '', offsets = ''] of text.matchAll(/^\| (`tcpi[^|]*) \| ([\d, ]+) \|/gm)) {
      const places = offsets.split(',').map(Number)
      for (const [i, name] of [...names.matchAll(/`(\w+)`/g)].entries()) {
        documented.set(name[1]!, places[i] ?? places[0]!)
      }
    }
    expect([...documented]).toEqual(tcpInfoLayout().map(({ name, offset }) => [name, offset]))
  })
})

describe('states', () => {
  const stateOf = (socket: StreamSocket) => tcpInfo(socket).tcpi_state

  test('[tcp(7)] as Linux numbers them', () => {
    const { world, a, b } = hosts({ delay: 10 * MILLISECOND })
    const fresh = a.sockets.stream()
    expect(stateOf(fresh)).toBe(7)
    const listening = listenAt(b)
    expect(stateOf(listening)).toBe(10)
    fresh.connect(B, PORT)
    expect(stateOf(fresh)).toBe(2)
    world.runFor(SECOND)
    const server = accepted(listening)
    expect([stateOf(fresh), stateOf(server)]).toEqual([1, 1])
    fresh.shutdown(Shutdown.Write)
    expect(stateOf(fresh)).toBe(4)
    world.runFor(SECOND)
    expect([stateOf(fresh), stateOf(server)]).toEqual([5, 8])
    server.shutdown(Shutdown.Write)
    expect(stateOf(server)).toBe(9)
    world.runFor(SECOND)
    expect([stateOf(fresh), stateOf(server)]).toEqual([7, 7])
  })

  test('[tcp(7)] CLOSING, and SYN_RECV of opens that cross', () => {
    const { client, server, world } = connected({ delay: 10 * MILLISECOND })
    client.shutdown(Shutdown.Write)
    server.shutdown(Shutdown.Write)
    world.runFor(11 * MILLISECOND)
    expect([stateOf(client), stateOf(server)]).toEqual([11, 11])
  })

  test('[tcp(7)] a listening socket tells its queue and its backlog', () => {
    const { world, a, b } = hosts({ delay: MILLISECOND })
    const listening = listenAt(b, PORT, 5)
    for (let i = 0; i < 3; i++) a.sockets.stream().connect(B, PORT)
    world.runFor(SECOND)
    const { tcpi_unacked, tcpi_sacked, tcpi_snd_cwnd, tcpi_rto } = tcpInfo(listening)
    expect([tcpi_unacked, tcpi_sacked, tcpi_snd_cwnd, tcpi_rto]).toEqual([3, 5, 10, 0])
  })

  test('[tcp(7)] without a connection: defaults', () => {
    const { a } = hosts()
    const told = Object.entries(tcpInfo(a.sockets.stream())).filter(([, value]) => value !== 0)
    expect(Object.fromEntries(told)).toEqual({
      tcpi_state: 7,
      tcpi_rto: 1_000_000,
      tcpi_snd_mss: 536,
      tcpi_snd_ssthresh: 0x7fffffff,
      tcpi_snd_cwnd: 10,
      tcpi_reordering: 3,
    })
  })
})

describe('figures', () => {
  test('[RFC4898 §4] what was agreed on, sent, received and acknowledged', () => {
    const { client, server, settle } = connected({ delay: 5 * MILLISECOND })
    const bytes = Buffer.alloc(5000)
    client.send(bytes, 0, bytes.length)
    settle()
    settle()
    const [mine, theirs] = [tcpInfo(client), tcpInfo(server)]
    expect(mine).toMatchObject({
      tcpi_options: 7,
      tcpi_snd_wscale: 7,
      tcpi_rcv_wscale: 7,
      tcpi_snd_mss: 1448,
      tcpi_advmss: 1448,
      tcpi_pmtu: 1500,
      tcpi_snd_cwnd: 10,
      tcpi_unacked: 0,
      tcpi_bytes_acked: 5000,
      tcpi_bytes_sent: 5000,
      tcpi_bytes_retrans: 0,
      tcpi_data_segs_out: 4,
      tcpi_data_segs_in: 0,
      tcpi_notsent_bytes: 0,
      tcpi_delivered: 5,
      tcpi_ca_state: 0,
    })
    expect(theirs).toMatchObject({
      tcpi_bytes_received: 5000,
      tcpi_data_segs_in: 4,
      tcpi_rcv_mss: 1448,
      tcpi_rcv_ooopack: 0,
    })
    expect(mine.tcpi_snd_wnd).toBe(theirs.tcpi_rcv_wnd)
    expect(mine.tcpi_rtt).toBeGreaterThanOrEqual(10_000)
    expect(mine.tcpi_rtt).toBeLessThan(12_000)
    expect(mine.tcpi_min_rtt).toBe(10_000)
    expect(mine.tcpi_rto).toBeGreaterThanOrEqual(210_000)
  })

  test('[tcp(7)] outstanding and unsent', () => {
    const { client, world } = connected()
    const bytes = Buffer.alloc(100_000)
    client.send(bytes, 0, bytes.length)
    world.runFor(0)
    const { tcpi_unacked, tcpi_notsent_bytes, tcpi_snd_cwnd } = tcpInfo(client)
    expect([tcpi_unacked, tcpi_snd_cwnd, tcpi_notsent_bytes]).toEqual([10, 10, 100_000 - 14_480])
  })

  test('[tcp(7)] a FIN behind data is no segment of its own', () => {
    const { client, world } = connected()
    client.send(Buffer.alloc(1448), 0, 1448)
    client.shutdown(Shutdown.Write)
    world.runFor(0)
    expect(client.connection!.send.flight).toBe(1449)
    expect(tcpInfo(client).tcpi_unacked).toBe(1)
  })

  test('[tcp(7)] time since data was sent, and came, and since the handshake', () => {
    const { client, server, world } = connected()
    world.runFor(SECOND)
    expect(tcpInfo(client).tcpi_last_data_recv).toBeGreaterThanOrEqual(1000)
    say(server, 'x')
    world.runFor(200 * MILLISECOND)
    expect(tcpInfo(client).tcpi_last_data_recv).toBe(199)
    expect(tcpInfo(server).tcpi_last_data_sent).toBe(200)
    expect(tcpInfo(server).tcpi_last_ack_recv).toBeLessThanOrEqual(198)
  })

  test('[RFC6298 §5] a time-out: Loss, one segment of window, and what it took', () => {
    const { client, world, settle, a } = connected()
    a.stack.sysctls.set('tcp_early_retrans', '0') // else a probe goes before
    const path = world.links[0]!.forth.impairments
    say(client, 'warm up')
    settle()
    path.loss = 1
    say(client, 'lost')
    world.runFor(300 * MILLISECOND)
    expect(tcpInfo(client)).toMatchObject({
      tcpi_ca_state: 4,
      tcpi_snd_cwnd: 1,
      tcpi_snd_ssthresh: 7,
      tcpi_retransmits: 1,
      tcpi_backoff: 1,
      tcpi_total_rto: 1,
      tcpi_total_rto_recoveries: 1,
      tcpi_total_retrans: 1,
      tcpi_unacked: 1,
      tcpi_retrans: 1,
      tcpi_bytes_retrans: 4,
      tcpi_bytes_sent: 7 + 4 + 4,
    })
    path.loss = 0
    world.runFor(SECOND)
    const after = tcpInfo(client)
    expect(after).toMatchObject({ tcpi_retransmits: 0, tcpi_ca_state: 0, tcpi_backoff: 0, tcpi_unacked: 0 })
    expect(after.tcpi_total_rto_time).toBeGreaterThanOrEqual(400)
    expect(after.tcpi_total_rto_time).toBeLessThan(500)
  })

  test('[RFC5681 §3.2] a loss among many: the receiver counts what came early', () => {
    const { client, server, world } = connected()
    const impairments = world.links[0]!.forth.impairments
    const bytes = Buffer.alloc(40_000)
    client.send(bytes, 0, 1448)
    impairments.loss = 1
    world.runFor(0)
    impairments.loss = 0
    client.send(bytes, 0, bytes.length)
    world.runFor(2 * MILLISECOND)
    expect(tcpInfo(server).tcpi_rcv_ooopack).toBe(9)
    expect(tcpInfo(client)).toMatchObject({ tcpi_ca_state: 3, tcpi_retrans: 1 })
    world.runFor(MINUTE)
    expect(tcpInfo(server).tcpi_bytes_received).toBe(41_448)
  })

  test('[RFC4898 §4] busy time, and the part that the peer’s window takes', () => {
    const { client, server, world } = connected()
    server.setsockopt(Level.Socket, SocketOption.ReceiveBuffer, 5000)
    const bytes = Buffer.alloc(200_000)
    expect(tcpInfo(client).tcpi_busy_time).toBe(0)
    client.send(bytes, 0, 100_000)
    world.runFor(10 * SECOND) // the window is shut
    const shut = tcpInfo(client)
    expect(shut.tcpi_notsent_bytes).toBeGreaterThan(0)
    expect(shut.tcpi_busy_time).toBe(10 * SECOND)
    expect(shut.tcpi_rwnd_limited).toBeGreaterThan(9 * SECOND)
    server.setsockopt(Level.Socket, SocketOption.ReceiveBufferForce, 1_000_000)
    for (let i = 0; i < 100; i++) {
      server.recv(bytes, 0, bytes.length)
      world.runFor(100 * MILLISECOND)
    }
    const open = tcpInfo(client)
    expect(open.tcpi_unacked + open.tcpi_notsent_bytes).toBe(0)
    world.runFor(SECOND)
    expect(tcpInfo(client).tcpi_busy_time).toBe(open.tcpi_busy_time)
    expect(open.tcpi_sndbuf_limited).toBe(0)
  })

  test('[RFC4898 §4] the part that a small send buffer takes', () => {
    const { client, server, world } = connected({ delay: 50 * MILLISECOND })
    client.setsockopt(Level.Socket, SocketOption.SendBuffer, 2500)
    const bytes = Buffer.alloc(500_000)
    let left = bytes.length
    for (let i = 0; i < 1000 && left > 0; i++) {
      const count = client.send(bytes, 0, left)
      if (count > 0) left -= count
      world.runFor(10 * MILLISECOND)
      server.recv(bytes, 0, bytes.length)
    }
    const { tcpi_busy_time, tcpi_sndbuf_limited, tcpi_rwnd_limited } = tcpInfo(client)
    expect(tcpi_sndbuf_limited).toBeGreaterThan(tcpi_busy_time * 0.5)
    expect(tcpi_rwnd_limited).toBe(0)
  })
})
