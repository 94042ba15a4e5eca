// usage: serve
//
// Discard 9, chargen 19 and echo 7 on the kernel's own sockets: the other end of a veth pair. Prints `ready`.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (256 * 1024)
#define EVENTS 64

enum service { ECHO = 7, DISCARD = 9, CHARGEN = 19 };

static const int SERVICES[] = {ECHO, DISCARD, CHARGEN};
static char incoming[CHUNK], pattern[CHUNK];
static int ep;

static void watch(int fd, int service, int is_listener) {
  uint64_t tag = (uint64_t)fd << 32 | (unsigned)service << 1 | (unsigned)is_listener;
  struct epoll_event event = {.events = service == CHARGEN && !is_listener ? EPOLLOUT : EPOLLIN, .data.u64 = tag};
  if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) < 0) perror("epoll_ctl");
}

static void open_listener(int service) {
  int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)service)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4096) < 0) {
    perror("serve");
    exit(1);
  }
  watch(fd, service, 1);
}

static void accept_all(int listener, int service) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(fd, service, 0);
  }
}

/** Whether the connection goes on. An echo that does not fit is cut short: our own clients never send so much. */
static int serve(int fd, int service) {
  ssize_t n = service == CHARGEN ? send(fd, pattern, CHUNK, MSG_NOSIGNAL) : recv(fd, incoming, CHUNK, 0);
  if (n < 0) return errno == EAGAIN;
  if (n > 0 && service == ECHO) return send(fd, incoming, n, MSG_NOSIGNAL) == n;
  return n > 0;
}

int main(void) {
  struct epoll_event events[EVENTS];
  struct rlimit files = {1 << 20, 1 << 20};
  setrlimit(RLIMIT_NOFILE, &files);
  for (int i = 0; i < CHUNK; i++) pattern[i] = (char)(' ' + i % 95);
  ep = epoll_create1(0);
  for (unsigned i = 0; i < sizeof SERVICES / sizeof *SERVICES; i++) open_listener(SERVICES[i]);
  puts("ready");
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(ep, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      int fd = (int)(events[i].data.u64 >> 32), service = (int)(events[i].data.u64 >> 1 & 0xffff);
      if (events[i].data.u64 & 1) accept_all(fd, service);
      else if (!serve(fd, service)) close(fd);
    }
  }
}
