#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (256 * 1024)
#define EVENTS 64

static char chunk[CHUNK];

/** What counts as moved: acknowledged when sending, read when receiving. */
struct stream {
  int fd;
  uint64_t received, before, moved;
};

static struct tcp_info info_of(int fd) {
  struct tcp_info info = {0};
  socklen_t length = sizeof info;
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length);
  return info;
}

static uint64_t total(const struct stream *s, int is_upload) {
  return is_upload ? info_of(s->fd).tcpi_bytes_acked : s->received;
}

static void move(struct stream *s, int is_upload) {
  ssize_t n = is_upload ? send(s->fd, chunk, CHUNK, MSG_NOSIGNAL) : recv(s->fd, chunk, CHUNK, 0);
  if (n > 0) {
    s->received += n;
    return;
  }
  if (n == 0) fail("the stack ended the connection", ECONNRESET);
  if (errno != EAGAIN && errno != EINTR) fail(is_upload ? "send" : "recv", errno);
}

static void drive(struct stream *streams, int ep, double until, int is_upload) {
  struct epoll_event events[EVENTS];
  while (now() < until) {
    int n = epoll_wait(ep, events, EVENTS, 50);
    for (int i = 0; i < n; i++) move(&streams[events[i].data.u32], is_upload);
  }
}

static void report(const struct plan *p, const struct window *w, struct stream *streams, uint64_t retransmitted) {
  uint64_t sum = 0, least = UINT64_MAX;
  for (int i = 0; i < p->connections; i++) {
    sum += streams[i].moved;
    if (streams[i].moved < least) least = streams[i].moved;
  }
  begin(p, w);
  printf(",\"bytes\":%llu,\"share\":%.4f,\"retransmitted\":%llu", (unsigned long long)sum,
         sum == 0 ? 0 : (double)least * p->connections / sum, (unsigned long long)retransmitted);
  finish();
}

static struct stream *open_streams(const struct plan *p, int *fds, int ep, int is_upload) {
  struct stream *streams = calloc(p->connections, sizeof *streams);
  connect_all(p, fds, p->connections, p->connections);
  for (int i = 0; i < p->connections; i++) {
    struct epoll_event event = {.events = is_upload ? EPOLLOUT : EPOLLIN, .data.u32 = i};
    streams[i].fd = fds[i];
    if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &event) < 0) fail("epoll_ctl", errno);
  }
  return streams;
}

int run_bulk(const struct plan *p, int is_upload) {
  int *fds = calloc(p->connections, sizeof *fds);
  int ep = epoll_create1(0);
  uint64_t retransmitted = 0;
  struct window w;
  for (int i = 0; i < CHUNK; i++) chunk[i] = (char)(' ' + i % 95);
  struct stream *streams = open_streams(p, fds, ep, is_upload);
  drive(streams, ep, now() + p->warmup, is_upload);
  for (int i = 0; i < p->connections; i++) {
    streams[i].before = total(&streams[i], is_upload);
    retransmitted -= info_of(fds[i]).tcpi_total_retrans;
  }
  window_open(&w, p);
  drive(streams, ep, w.opened + p->seconds, is_upload);
  window_close(&w, p);
  for (int i = 0; i < p->connections; i++) {
    streams[i].moved = total(&streams[i], is_upload) - streams[i].before;
    retransmitted += info_of(fds[i]).tcpi_total_retrans;
  }
  report(p, &w, streams, retransmitted);
  reset_all(fds, p->connections);
  return 0;
}
