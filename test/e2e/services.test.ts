import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { duration, eventually, HOST, OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'nc', 'curl', 'telnet', 'script', 'sha256sum')

/** One round of RFC 864's lines begins so. */
const CHARGEN = Array.from({ length: 100 }, (_, line) =>
  String.fromCharCode(...Array.from({ length: 72 }, (_, column) => 0x20 + ((line + column) % 95)), 13, 10),
).join('')

const DAYTIME =
  /^(Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, [A-Z][a-z]+ \d{1,2}, \d{4} \d\d:\d\d:\d\d-UTC\r\n$/

interface DatagramResult {
  answer?: string
  error?: string
}

describe.skipIf(reason)('services', { timeout: 60_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  const datagram = (port: number, bytes: number): Promise<DatagramResult> =>
    site.ask('datagram', OURS, port, bytes)

  /** The answer to a datagram. */
  const answerTo = async (port: number, bytes: number): Promise<string> =>
    Buffer.from((await datagram(port, bytes)).answer ?? '', 'base64').toString('latin1')

  test('[RFC862] echo: nc gets back what it sent, after closing its half', () => {
    expect(site.run(`printf 'hello\\n' | nc -N ${OURS} 7`)).toMatchObject({ status: 0, stdout: 'hello\n' })
  })

  test('[RFC862] echo over UDP, of nothing, a little, and more than a packet holds', async () => {
    for (const bytes of [0, 9, 1472, 9000]) {
      expect(await answerTo(7, bytes)).toBe('datagram '.repeat(1000).slice(0, bytes))
    }
  })

  test('[RFC9293 §3.6] half-close: a megabyte comes back after our FIN', () => {
    const sent = `head -c 1000000 /dev/zero`
    const { stdout } = site.run(`${sent} | sha256sum; ${sent} | nc -N ${OURS} 7 | sha256sum`)
    const [wanted, got] = stdout.trim().split('\n')
    expect(got).toBe(wanted)
  })

  test('[RFC863] discard says nothing, over TCP and UDP, and ends when the client does', async () => {
    expect(site.run(`printf 'hello\\n' | nc -N ${OURS} 9`)).toMatchObject({ status: 0, stdout: '' })
    expect(await datagram(9, 100)).toEqual({})
  })

  test('[RFC867] daytime: a line and an orderly end, without a word from the client', async () => {
    const { status, stdout } = site.run(`nc -d ${OURS} 13`)
    expect(status).toBe(0)
    expect(stdout).toMatch(DAYTIME)
    expect(Math.abs(Date.parse(stdout.replace('-', ' ')) - Date.now())).toBeLessThan(5000)
    expect(await answerTo(13, 1)).toMatch(DAYTIME)
  })

  test('[RFC868] time: the seconds since 1900 in four bytes', async () => {
    const now = Math.floor(Date.now() / 1000) + 2_208_988_800
    const hex = site.run(`nc -d ${OURS} 37 | od -An -tx1`).stdout.replaceAll(/\s/g, '')
    expect(hex).toHaveLength(8)
    expect(Math.abs(Number(`0x${hex}`) - now)).toBeLessThan(5)
    const answer = Buffer.from(await answerTo(37, 1), 'latin1')
    expect(Math.abs(answer.readUInt32BE(0) - now)).toBeLessThan(5)
  })

  test('[RFC864] chargen: the lines, for as long as the client reads, and up to 512 bytes over UDP', async () => {
    expect(site.run(`nc -d ${OURS} 19 | head -c 5000`).stdout).toBe(CHARGEN.slice(0, 5000))
    for (const bytes of [1, 300, 1400]) {
      expect(await answerTo(19, bytes)).toBe(CHARGEN.slice(0, Math.min(bytes, 512)))
    }
  })

  test('[RFC1122 §4.1.3.1] a closed UDP port is told by ICMP', async () => {
    expect(await datagram(4242, 10)).toEqual({ error: 'ECONNREFUSED' })
  })

  test('[RFC9293 §3.5.2] a closed TCP port refuses at once', async () => {
    let refused = site.run('true')
    const took = await duration(() => {
      refused = site.run(`nc -vz -w 5 ${OURS} 81; curl -sS -m 5 http://${OURS}/`)
    })
    expect(refused.stderr).toMatch(/port 81 .*refused\ncurl: \(7\) Failed to connect/)
    expect(took).toBeLessThan(2000)
  })

  test('[RFC9293 §3.10.7.4] a client that resets is forgotten at once', async () => {
    const client = await site.puppet(7)
    client.tell('say hello')
    await client.tells('heard hello')
    expect(await site.states(client.port)).toEqual(['ESTABLISHED'])
    client.tell('reset')
    await client.tells('close')
    await eventually(
      () => site.states(client.port),
      (states) => states.length === 0,
      2000,
    )
  })

  test('a client that closes first leaves nothing behind', async () => {
    const client = await site.puppet(9)
    client.tell('end')
    await client.tells('close')
    expect(client.program.stdout).not.toContain('error')
    await eventually(
      () => site.states(client.port),
      (states) => states.length === 0,
      2000,
    )
  })

  describe('telnet on a terminal', () => {
    /** Telnet in a pseudo-terminal: our standard input is its keyboard. */
    const telnet = async (port: number) => {
      const program = site.namespace.start(['script', '-qfec', `exec telnet ${OURS} ${port}`, '/dev/null'])
      await program.says("Escape character is '^]'.")
      return program
    }

    test('talk answers each line, tells the state of the connection, and says goodbye', async () => {
      const program = await telnet(9502)
      await program.says('try help')
      program.process.stdin?.write('good morning\r')
      await program.says('good morning\r\ngood morning\r\n') // typed, and answered
      program.process.stdin?.write('state\r')
      await program.says(`${OURS}:9502 <-> ${HOST}:`)
      await program.says('ESTABLISHED')
      program.process.stdin?.write('quit\r')
      await program.says('goodbye')
      await program.says('Connection closed by foreign host.')
      expect(await program.exit()).toEqual(expect.any(Number))
    })

    test('echo gives back a line; the client quits by its escape', async () => {
      const program = await telnet(7)
      program.process.stdin?.write('hello\r')
      await program.says('hello\r\nhello\r\n')
      program.process.stdin?.write('\x1d')
      await program.says('telnet> ')
      program.process.stdin?.write('quit\r')
      await program.says('Connection closed.')
      expect(await program.exit()).toBe(0)
    })
  })
})
