import { describe, expect, test } from 'vitest'
import { formatExpression } from '../../src/conformance/expression.ts'
import { call, errorOf } from './reading.ts'

const shown = (text: string): string => call(text).arguments.map(formatExpression).join(', ')

describe('the form of a call', () => {
  test('name, arguments, result, error and note', () => {
    const read = call('read(4, ..., 100) = -1 EAGAIN (Resource temporarily unavailable)')
    expect(read).toMatchObject({ name: 'read', errno: 'EAGAIN', note: 'Resource temporarily unavailable' })
    expect(read.result).toMatchObject({ kind: 'integer', value: -1 })
    expect(read.arguments.map(({ kind }) => kind)).toEqual(['integer', 'ellipsis', 'integer'])
  })

  test('a note without an error, an error without a note, neither', () => {
    expect(call('fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)')).toMatchObject({
      errno: undefined,
      note: 'flags O_RDWR',
    })
    expect(call('close(3) = -1 EBADF')).toMatchObject({ errno: 'EBADF', note: undefined })
    expect(call('pipe() = 0')).toMatchObject({ errno: undefined, note: undefined, arguments: [] })
  })

  test('a note is any text with its parentheses in pairs', () => {
    expect(call('f() = -1 ENOTSOCK (operation on (a) non-socket: "no")').note).toBe(
      'operation on (a) non-socket: "no"',
    )
  })

  test('a blocking call has the time of its return, on the base of its start', () => {
    expect(call('...0.25 read(4, ..., 1) = 1').until).toBe(250_000)
    expect(call('read(4, ..., 1) = 1').until).toBeUndefined()
  })

  test.each([
    ['0 `x` 2...1 f() = 0', '1:11: expected an end of the call not before 2.000000 s, found `1`'],
    ['0...`x`', '1:5: expected a time in seconds, found a command in back-quotes'],
    ['0...1 `x`', '1:7: expected the name of a system call, found a command in back-quotes'],
    ['0 f', '1:4: expected `(` and the arguments of the call, found the end of the file'],
    ['0 f(1', '1:6: expected `)` or `,` after an argument, found the end of the file'],
    ['0 f(1,) = 0', '1:7: expected an argument, found `)`'],
    ['0 f(1)', '1:7: expected `=` and the result of the call, found the end of the file'],
    ['0 f(1) = 0 (note', '1:17: expected `)` at the end of the note, found the end of the file'],
    ['0 f([1) = 0', '1:7: expected `]` or `,` after an element, found `)`'],
    [
      '0 f(99999999999999999999) = 0',
      '1:5: expected an integer from -9007199254740991 to 9007199254740991, found `99999999999999999999`',
    ],
    ['0 f("\\q") = 0', '1:5: expected an escape such as \\n, \\x41 or \\101, found \\q'],
    ['0 f("a) = 0', '1:5: expected a closing `"`, found the end of the file'],
  ])('%s', (text, message) => {
    expect(errorOf(text)).toBe(`a.pkt:${message}`)
  })

  test('brackets nest as deep as any script needs, and no deeper', () => {
    expect(errorOf(`0 f(${'['.repeat(100_000)}`)).toContain('expected at most 64 levels of nesting')
    expect(errorOf(`0 f(${'A='.repeat(100_000)}`)).toContain('expected at most 64 levels of nesting')
  })
})

describe('arguments', () => {
  test.each([
    ['socket(..., SOCK_STREAM, IPPROTO_TCP) = 3', '..., SOCK_STREAM, IPPROTO_TCP'],
    ['fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0', '3, F_SETFL, O_RDWR|O_NONBLOCK'],
    ['setsockopt(3, SOL_TCP, TCP_CONGESTION, "cu" "bic", 5) = 0', '3, SOL_TCP, TCP_CONGESTION, "cubic", 5'],
    ['write(3, "a\\x00\\101\\n\\"\\\\", 6) = 6', '3, "a\\x00A\\n\\"\\\\", 6'],
    ['read(3, "ab"..., 6) = 6', '3, "ab"..., 6'],
    [
      'getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0',
      '3, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]',
    ],
    ['pipe([5, 6]) = 0', '[5, 6]'],
    ['f([]) = 0', '[]'],
    [
      'setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0',
      '3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8',
    ],
    [
      'poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1',
      '[{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0',
    ],
    ['poll([{fd=4, events=POLLIN}], 1, 0) = 0', '[{fd=4, events=POLLIN}], 1, 0'],
    [
      'epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, fd=4}) = 0',
      '5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, fd=4}',
    ],
    ['epoll_wait(5, {events=0, ptr=0}, 1, 0) = 0', '5, {events=0, ptr=0}, 1, 0'],
    ['epoll_wait(5, {events=0, u32=1}, 1, 0) = 0', '5, {events=0, u32=1}, 1, 0'],
    ['epoll_wait(5, {events=0, u64=1}, 1, 0) = 0', '5, {events=0, u64=1}, 1, 0'],
    ['writev(3, [{..., 10}, {..., 20}], 2) = 30', '3, [{..., 10}, {..., 20}], 2'],
    [
      'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, ...) = 0',
      '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, ...',
    ],
    ['f({1, 2, {3}}) = 0', '{1, 2, {3}}'],
    ['f({A=1, B=2}) = 0', '{A=1, B=2}'],
  ])('%s', (text, expected) => {
    expect(shown(text).endsWith(expected)).toBe(true)
  })

  test('messages with all they hold', () => {
    const header =
      '{msg_name(...)=..., msg_iov(2)=[{..., 1}, {..., 2}], msg_flags=MSG_TRUNC|MSG_OOB, msg_control=[' +
      '{cmsg_level=SOL_SOCKET, cmsg_type=SCM_TIMESTAMPING, cmsg_data={scm_sec=0, scm_nsec=5}}, ' +
      '{cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=ENOMSG, ee_origin=1, ee_type=0, ee_code=0, ' +
      'ee_info=2, ee_data=3}}, {cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=7}]}'
    expect(shown(`recvmsg(3, ${header}, 0) = 1`)).toBe(`3, ${header}, 0`)
  })

  test('members of a message by name', () => {
    const [, message] = call(
      'sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 9}], msg_flags=0}, 0) = 9',
    ).arguments
    if (message?.kind !== 'struct') throw new Error('no struct')
    expect(message.type).toBe('msghdr')
    expect([...message.fields.keys()]).toEqual([
      'msg_namelen',
      'msg_name',
      'msg_iovlen',
      'msg_iov',
      'msg_flags',
    ])
  })

  test.each([
    ['poll([{fd=4, revents=0}], 1, 0) = 0', '1:16: expected `events`, found `revents`'],
    ['poll([{fd=4}], 1, 0) = 0', '1:14: expected `,` and `events`, found `}`'],
    ['f({events=0, u16=0}) = 0', '1:16: expected `fd`, `ptr`, `u32`, `u64`, found `u16`'],
    ['f({onoff=0, linger=0, x=0}) = 0', '1:23: expected `}` at the end of the linger, found `,`'],
    ['f({fd 4}) = 0', '1:9: expected `=`, found `4`'],
    ['f(htons 4) = 0', '1:11: expected `(`, found `4`'],
  ])('%s', (text, message) => {
    expect(errorOf(`0 ${text}`)).toBe(`a.pkt:${message}`)
  })
})
