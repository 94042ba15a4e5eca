import type { Settings } from '../tcp/settings.ts'
import type { Claim } from './bindings.ts'
import { Errno } from './errno.ts'
import type { Sockets } from './sockets.ts'

/** A TCP socket's own end: its address and port, and the claim to them that others see. */
export class LocalEnd implements Claim {
  /** 0: any. */
  localAddress = 0
  /** 0: none yet. Still told when the claim has been given back. */
  localPort = 0
  isListening = false
  isForConnection = false
  /** The port is ours; false before it is chosen, and when the connection that chose it is over. */
  isClaimed = false
  readonly #sockets: Sockets
  readonly #owner: { readonly settings: Settings }
  /** Chosen by bind(), and so kept when a connection ends (Linux's SOCK_BINDADDR_LOCK and SOCK_BINDPORT_LOCK). */
  #isAddressChosen = false
  #isPortChosen = false

  constructor(sockets: Sockets, owner: { readonly settings: Settings }) {
    this.#sockets = sockets
    this.#owner = owner
  }

  get reusesAddress(): boolean {
    return this.#owner.settings.reusesAddress
  }

  get reusesPort(): boolean {
    return this.#owner.settings.reusesPort
  }

  /** bind(): port 0 leaves the port to us. 0, -EADDRNOTAVAIL or -EADDRINUSE. */
  bind(address: number, port: number): number {
    const sockets = this.#sockets
    if (address !== 0 && !sockets.isLocal(address)) return -Errno.EADDRNOTAVAIL
    const chosen = port === 0 ? sockets.choosePort(address) : port
    if (chosen === 0) return -Errno.EADDRINUSE
    if (port !== 0 && !sockets.bindings.isFree(address, port, this)) return -Errno.EADDRINUSE
    this.localAddress = address
    this.#isAddressChosen = address !== 0
    this.#isPortChosen = port !== 0
    this.isForConnection = false
    this.#claim(chosen)
    return 0
  }

  /** listen(): a port, if there is none yet, and it to ourselves. 0 or -EADDRINUSE. */
  listen(): number {
    const error = this.isClaimed ? 0 : this.bind(this.localAddress, 0)
    if (error !== 0) return error
    if (!this.#sockets.bindings.mayListen(this)) return -Errno.EADDRINUSE
    this.isListening = true
    return 0
  }

  /** connect(): what bind() has left open (MUST-44), but to no invalid address (MUST-46), so that no other connection joins the same ends. 0, -ENETUNREACH or -EADDRNOTAVAIL. */
  connect(remote: number, port: number): number {
    const sockets = this.#sockets
    const local = this.localAddress === 0 ? sockets.sourceFor(remote) : this.localAddress
    if (local === 0 || !sockets.isUnicast(remote)) return -Errno.ENETUNREACH
    if (this.isClaimed) {
      if (!sockets.isFlowFree(local, this.localPort, remote, port)) return -Errno.EADDRNOTAVAIL
    } else {
      const chosen = sockets.choosePortFor(local, remote, port)
      if (chosen === 0) return -Errno.EADDRNOTAVAIL
      this.isForConnection = true
      this.#claim(chosen)
    }
    this.localAddress = local
    return 0
  }

  /** An accepted connection shares its listener's. */
  share(address: number, port: number): void {
    this.localAddress = address
    this.#claim(port)
  }

  /** The connection, or LISTEN, is over: what bind() did not choose is given back. */
  release(): void {
    this.isListening = false
    if (!this.#isPortChosen) this.giveUp()
  }

  /** The socket may connect anew: from any address, unless bind() chose one. */
  forget(): void {
    this.release()
    if (!this.#isAddressChosen) this.localAddress = 0
  }

  /** The claim ends. */
  giveUp(): void {
    if (!this.isClaimed) return
    this.isClaimed = false
    this.#sockets.bindings.remove(this)
  }

  #claim(port: number): void {
    this.localPort = port
    this.isClaimed = true
    this.#sockets.bindings.add(this)
  }
}
