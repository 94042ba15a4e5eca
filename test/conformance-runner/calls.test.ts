import { describe, expect, test } from 'vitest'
import { ESTABLISHED, fails, LISTENING, passes } from './running.ts'

describe('a result', () => {
  test('must be the one that is written', () => {
    expect(fails(`${ESTABLISHED}+0 write(4, ..., 10) = 11`)).toMatchObject({
      kind: 'call',
      message: 'write(): another result',
      expected: '11',
      actual: '10',
    })
  })

  test('comes with its error', () => {
    passes(`${LISTENING}+0 connect(9, ..., ...) = -1 EBADF (Bad file descriptor)`)
    expect(fails(`${LISTENING}+0 connect(9, ..., ...) = -1 EINVAL`)).toMatchObject({
      expected: '-1 EINVAL',
      actual: '-1 EBADF',
    })
    expect(fails(`${LISTENING}+0 connect(9, ..., ...) = -1 ENOTHING`).kind).toBe('script')
  })

  test('of a call that opens something is a name of the script', () => {
    passes(
      `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 77\n+0 close(77) = 0\n+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 77`,
    )
    expect(
      fails(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3`)
        .message,
    ).toMatch('a number that is not in use')
  })

  test('of a call that nobody knows', () => {
    expect(fails('0 fork() = 0')).toMatchObject({
      kind: 'script',
      message: 'expected a system call that is known here, found `fork`',
    })
    expect(fails(`${LISTENING}+0 listen(3) = 0`).message).toBe('expected 2 arguments of listen(), found 1')
  })
})

describe('a call that blocks', () => {
  test('returns when what it waits for comes', () => {
    passes(`${LISTENING}
+0...0.2 accept(3, ..., ...) = 4
+.1 < S 0:0(0) win 64000 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 64000
+0...1.0 read(4, ..., 1000) = 10
+1 < P. 1:11(10) ack 1 win 64000
+0 > . 1:1(0) ack 11`)
  })

  test('is compared with the time that is written', () => {
    const failure = fails(`${ESTABLISHED}
+0...0.5 read(4, ..., 1000) = 10
+.2 < P. 1:11(10) ack 1 win 64000
+0 > . 1:1(0) ack 11`)
    expect(failure).toMatchObject({
      kind: 'call',
      message: 'time: read() returned at 0.300000 s, expected at 0.600000 s',
      source: '+0...0.5 read(4, ..., 1000) = 10',
    })
  })

  test('counts from the start of the script when its own time does', () => {
    passes(`${ESTABLISHED}
0.2...0.6 read(4, ..., 1000) = 10
0.6 < P. 1:11(10) ack 1 win 64000
+0 > . 1:1(0) ack 11`)
  })

  test('holds up the next call, which must not be late for it', () => {
    const waiting = `${ESTABLISHED}+0...30 poll([{fd=4, events=POLLIN, revents=0}], 1, 30000) = 0\n`
    passes(`${waiting}+30 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1`)
    expect(fails(`${waiting}+20 write(4, ..., 10) = 10`).message).toBe(
      'time: write() had to wait for the call before it until 30.100000 s, expected at 20.100000 s',
    )
  })

  test('must not block when it has no end', () => {
    const failure = fails(`${ESTABLISHED}+0 read(4, ..., 1000) = 10\n+.2 < P. 1:11(10) ack 1 win 64000`)
    expect(failure.message).toBe('read() does not return')
    expect(fails(`${LISTENING}+0...1 accept(3, ..., ...) = 4`).message).toBe(
      'accept() does not return, expected at 1.000000 s',
    )
  })

  test('answers EAGAIN instead when it may not', () => {
    passes(`${ESTABLISHED}
+0 recv(4, ..., 10, MSG_DONTWAIT) = -1 EAGAIN
+0 fcntl(4, F_GETFL) = 2
+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 fcntl(4, F_GETFL) = 2050
+0 read(4, ..., 10) = -1 EAGAIN (Resource temporarily unavailable)
+0 accept(4, ..., ...) = -1 EINVAL`)
  })

  test('connects, and tells why not', () => {
    passes(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 connect(3, ..., ...) = 0
+0 > S 0:0(0) <...>
+.1 < S. 0:0(0) ack 1 win 64000 <mss 1000>
+0 > . 1:1(0) ack 1
+0 connect(3, ..., ...) = -1 EISCONN`)
    passes(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS
+0 > S 0:0(0) <...>
+0 connect(3, ..., ...) = -1 EALREADY
+.1 < R. 0:0(0) ack 1 win 0
+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0
+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0`)
  })

  test('writes all that it was given', () => {
    passes(`${ESTABLISHED}
+0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [2500], 4) = 0
+0...0.3 write(4, ..., 60000) = 60000
+0 > P. 1:10001(10000) ack 1
+.1 < . 1:1(0) ack 10001 win 64000
+0 > P. 10001:30001(20000) ack 1
+.1 < . 1:1(0) ack 30001 win 64000
+0 > P. 30001:42001(12000) ack 1
+.1 < . 1:1(0) ack 42001 win 64000
+0 > P. 42001:60001(18000) ack 1`)
  })
})

describe('data', () => {
  test('is what a string says, and zeros', () => {
    passes(`${ESTABLISHED}
+0 write(4, "GET /", 8) = 8
+0 > P. 1:9(8) ack 1
+0 < P. 1:6(5) ack 9 win 64000
+0 > . 9:9(0) ack 6
+0 read(4, "\\0\\0\\0\\0\\0", 5) = 5`)
    expect(
      fails(`${ESTABLISHED}+0 < P. 1:6(5) ack 1 win 64000\n+0 > . 1:1(0) ack 6\n+0 read(4, "abcde", 5) = 5`),
    ).toMatchObject({ message: 'read(): the bytes read differs', expected: '"abcde"' })
  })

  test('comes in several buffers', () => {
    passes(`${ESTABLISHED}
+0 writev(4, [{..., 10}, {..., 20}], 2) = 30
+0 > P. 1:31(30) ack 1
+.1 < . 1:1(0) ack 31 win 64000
+0 sendmsg(4, {msg_name(...)=..., msg_iov(2)=[{..., 1}, {..., 2}], msg_flags=0}, 0) = 3
+0 > P. 31:34(3) ack 1
+0 < P. 1:31(30) ack 34 win 64000
+0 > . 34:34(0) ack 31
+0 readv(4, [{..., 10}, {..., 30}], 2) = 30`)
    expect(fails(`${ESTABLISHED}+0 writev(4, [{..., 10}], 2) = 10`).message).toBe(
      'expected 2 buffers, found 1',
    )
  })

  test('is peeked at, and is not where NULL is', () => {
    passes(`${ESTABLISHED}
+0 < P. 1:31(30) ack 1 win 64000
+0 > . 1:1(0) ack 31
+0 recv(4, ..., 100, MSG_PEEK) = 30
+0 recv(4, NULL, 100, 0) = -1 EFAULT
+0 ioctl(4, SIOCINQ, [30]) = 0
+0 recv(4, ..., 100, 0) = 30
+0 write(4, NULL, 1) = -1 EFAULT`)
    expect(fails(`${ESTABLISHED}+0 ioctl(4, SIOCINQ, [30]) = 0`)).toMatchObject({
      message: 'ioctl(): SIOCINQ differs',
      expected: '30',
      actual: '0',
    })
  })
})

describe('readiness', () => {
  test('poll waits for an event or its time', () => {
    passes(
      `${ESTABLISHED}
+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1
+0...0.1 poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 1000) = 1
+.1 < P. 1:11(10) ack 1 win 64000
+0 > . 1:1(0) ack 11
+0 read(4, ..., 10) = 10
+0 poll([{fd=4, events=POLLIN, revents=0}, {fd=9, events=POLLIN, revents=POLLNVAL}], 2, 50) = 1`.replace(
        '...0.05',
        '',
      ),
    )
    expect(fails(`${ESTABLISHED}+0 poll([{fd=4, events=POLLOUT, revents=POLLIN}], 1, 0) = 1`)).toMatchObject({
      message: 'poll(): revents of descriptor 4 differs',
      expected: 'POLLIN',
      actual: 'POLLOUT',
    })
  })

  test('epoll tells what belongs to a descriptor', () => {
    passes(`${ESTABLISHED}
+0 epoll_create(1) = 5
+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, fd=4}) = 0
+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, fd=4}) = -1 EEXIST
+0 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 0
+0...0.1 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, -1) = 1
+.1 < P. 1:11(10) ack 1 win 64000
+0 > . 1:1(0) ack 11
+0 epoll_ctl(5, EPOLL_CTL_DEL, 4, NULL) = 0
+0 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 0
+0 epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN, fd=4}) = -1 EINVAL`)
  })
})

test('a connection is taken up anew after connect() to AF_UNSPEC', () => {
  passes(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS
+0 > S 0:0(0) <...>
+.1 < S. 0:0(0) ack 1 win 64000 <mss 1000>
+0 > . 1:1(0) ack 1
+.1 connect(3, AF_UNSPEC, ...) = 0
+0 > R. 1:1(0) ack 1
+.1 connect(3, ..., ...) = -1 EINPROGRESS
+0 > S 0:0(0) <...>`)
})
