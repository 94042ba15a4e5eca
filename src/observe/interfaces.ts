/** A device with its counters, as its owner sees them. */
export interface InterfaceRow {
  name: string
  /** Bytes. */
  mtu: number
  isUp: boolean
  received: PacketCounts
  sent: PacketCounts
}

export interface PacketCounts {
  packets: number
  errors: number
  /** Of those to us: lost in the kernel's queue. */
  dropped: number
}

const HEADING = 'Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg'

/** The table of `netstat -i` (net-tools 2.10). A TUN device is point-to-point, has no ARP and takes multicast. */
export function formatInterfaces(rows: readonly InterfaceRow[]): string {
  return ['Kernel Interface table', HEADING, ...rows.map(formatRow), ''].join('\n')
}

function formatRow({ name, mtu, isUp, received, sent }: InterfaceRow): string {
  const start = name.padEnd(16) + String(mtu).padStart(5)
  // Overruns have no counter of their own; net-tools prints the first of them to the left.
  return [start, counts(received), '0     ', counts(sent), '     0', isUp ? 'MOPRU' : 'MOP'].join(' ')
}

const counts = ({ packets, errors, dropped }: PacketCounts): string =>
  `${String(packets).padStart(8)} ${String(errors).padStart(6)} ${String(dropped).padStart(6)}`
