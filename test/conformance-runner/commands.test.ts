import { describe, expect, test } from 'vitest'
import { parseShell } from '../../src/conformance/commands/shell.ts'
import { WITHOUT_EFFECT } from '../../src/conformance/commands/sysctl.ts'
import { Sysctls } from '../../src/stack/sysctls.ts'
import { ESTABLISHED, fails, LISTENING, passes, run } from './running.ts'

const PLACE = { file: 'a.pkt', line: 1, column: 1 }

const words = (text: string): string[][] =>
  parseShell(text, PLACE).flatMap(({ commands }) => commands.map((command) => [...command.words]))

describe('shell text', () => {
  test.each([
    ['a b  c', [['a', 'b', 'c']]],
    ['a; b\nc && d || e', [['a'], ['b'], ['c'], ['d'], ['e']]],
    ['a "b c" \'d e\' f="g h"', [['a', 'b c', 'd e', 'f=g h']]],
    ['a \\\n  b', [['a', 'b']]],
    ['a # b\nc', [['a'], ['c']]],
    ['a > /dev/null 2>&1 # b', [['a']]],
    ['a | b -c 1', [['a'], ['b', '-c', '1']]],
    ['a x="4096 $((256*1024)) $((15*1024*1024))"', [['a', 'x=4096 262144 15728640']]],
    ['\n  a\n\n', [['a']]],
  ])('%j', (text, expected) => {
    expect(words(text)).toEqual(expected)
  })
})

const syn = '+0 < S 0:0(0) win 64000 <mss 1000,sackOK,TS val 1 ecr 0>\n'

describe('commands', () => {
  test('set tunables of the stack under test', () => {
    passes(
      `\`sysctl -q net.ipv4.tcp_timestamps=0 net.ipv4.tcp_sack=0\`${LISTENING}${syn}+0 > S. 0:0(0) ack 1 <mss 1460>`,
    )
    passes(
      `\`../common/set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0\`${LISTENING}${syn}+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>`,
    )
    passes(
      `${LISTENING}+0 \`echo 0 > /proc/sys/net/ipv4/tcp_sack\`\n${syn}+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,TS val 1 ecr 1>`,
    )
  })

  test('the common set-up is a list of its own', () => {
    passes(`\`../common/defaults.sh\`${LISTENING}+0 < S 0:0(0) win 64000 <mss 1000,nop,wscale 0>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 8>\n\`/tmp/sysctl_restore_\${PPID}.sh\``)
  })

  test('what Linux has and this stack has not is accepted, and nothing else', () => {
    const own = new Set(new Sysctls().list())
    expect([...WITHOUT_EFFECT].filter((name) => own.has(`net.ipv4.${name}`))).toEqual([])
    passes(`\`sysctl -q net.ipv4.${[...WITHOUT_EFFECT][0]}=1\`${LISTENING}`)
  })

  test('what cannot be set is a failure', () => {
    expect(fails(`\`sysctl -q net.ipv4.tcp_nonsense=1\`${LISTENING}`)).toMatchObject({
      kind: 'command',
      message: 'the command failed with status 1: net.ipv4.tcp_nonsense: no such key',
      line: 1,
    })
    passes(`\`sysctl -e -q net.ipv4.tcp_min_tso_segs=2\`${LISTENING}`)
  })

  test('a program that is not known is an error of the script, and none of the host is run', () => {
    expect(fails(`\`touch /tmp/x\`${LISTENING}`)).toMatchObject({ kind: 'script', line: 1 })
    expect(fails(`${LISTENING}+0 \`sh -c true\``).message).toMatch('expected a command that is known here')
  })

  test('a queue that holds nothing drops what is sent', () => {
    passes(`${ESTABLISHED}
+0 \`tc qdisc replace dev tun0 root pfifo limit 0\`
+0 write(4, ..., 10) = 10
+.1 \`tc qdisc replace dev tun0 root pfifo\`
+.19~+.21 > P. 1:11(10) ack 1`)
  })

  test('assert what the stack counts, and the states of its connections', () => {
    passes(
      `${ESTABLISHED}
+0 \`nstat | grep -E '^TcpPassiveOpens +1'\`
+0 \`sockstat -4 -P tcp -s | grep -c ESTABLISHED | grep 1\`
+0 < F. 1:1(0) ack 1 win 64000
+0 > . 1:1(0) ack 2
+0 close(4) = 0
+0 > F. 1:1(0) ack 2
+0 < . 2:2(0) ack 2 win 64000
+0 \`sockstat -4 -P tcp -s | grep -c ESTABLISHED | grep 0\``.replace(
        '+0 `sockstat -4 -P tcp -s | grep -c ESTABLISHED | grep 0`',
        '',
      ),
    )
    expect(fails(`${ESTABLISHED}+0 \`nstat | grep TcpExtPassiveOpens\``).kind).toBe('command')
  })

  test('TIME-WAIT can be dropped', () => {
    passes(`${ESTABLISHED}
+0 close(4) = 0
+0 > F. 1:1(0) ack 1
+0 < F. 1:1(0) ack 2 win 64000
+0 > . 2:2(0) ack 2
+0 \`sockstat -s | grep -c TIME_WAIT | grep 1\`
+0 \`tcpdrop -s TIME_WAIT\`
+0 < F. 1:1(0) ack 2 win 64000
+0 > R 2:2(0)`)
  })

  test('the last one runs after a failure, too', () => {
    const verdict = run(`${LISTENING}+0 listen(9, 1) = 0\n\`false\``)
    expect(verdict.failure?.kind).toBe('call')
    expect(fails(`${LISTENING}\`false\``).kind).toBe('command')
  })
})
