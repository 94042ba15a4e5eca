#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64
#define LARGEST 65536

static char request[LARGEST], reply[LARGEST];

/** One client: it asks, and waits until all of the answer is there. */
struct client {
  int fd, is_connecting, got;
  double began;
};

static void set_interest(int ep, int action, struct client *c, uint32_t index, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u32 = index};
  if (epoll_ctl(ep, action, c->fd, &event) < 0) fail("epoll_ctl", errno);
}

static void ask(const struct plan *p, struct client *c) {
  c->got = 0;
  if (send(c->fd, request, p->size, MSG_NOSIGNAL) != p->size) fail("send", errno);
}

/** Whether the answer is complete; a wrong one ends the program. */
static int hear(const struct plan *p, struct client *c) {
  ssize_t n = recv(c->fd, reply, p->size - c->got, 0);
  if (n < 0 && errno == EAGAIN) return 0;
  if (n <= 0) fail("recv", n < 0 ? errno : ECONNRESET);
  if (memcmp(reply, request + c->got, n) != 0) fail("the answer is not the question", EBADMSG);
  c->got += n;
  return c->got == p->size;
}

static void report(const struct plan *p, const struct window *w, uint64_t operations) {
  begin(p, w);
  printf(",\"operations\":%llu", (unsigned long long)operations);
  sample_print();
  finish();
}

static void prepare(const struct plan *p) {
  if (p->size < 1 || p->size > LARGEST) fail("--size", EINVAL);
  for (int i = 0; i < p->size; i++) request[i] = (char)('a' + i % 26);
}

static uint64_t exchange(const struct plan *p, struct client *clients, int ep, double until) {
  struct epoll_event events[EVENTS];
  uint64_t operations = 0;
  double at = now();
  while (at < until) {
    int n = epoll_wait(ep, events, EVENTS, 50);
    at = now();
    for (int i = 0; i < n; i++) {
      struct client *c = &clients[events[i].data.u32];
      if (!hear(p, c)) continue;
      operations++;
      sample_add(at - c->began);
      c->began = at;
      ask(p, c);
    }
  }
  return operations;
}

/** Request and response over connections that stay. */
int run_rr(const struct plan *p) {
  int *fds = calloc(p->connections, sizeof *fds);
  struct client *clients = calloc(p->connections, sizeof *clients);
  int ep = epoll_create1(0);
  struct window w;
  prepare(p);
  connect_all(p, fds, p->connections, p->connections);
  for (int i = 0; i < p->connections; i++) {
    clients[i].fd = fds[i];
    clients[i].began = now();
    set_interest(ep, EPOLL_CTL_ADD, &clients[i], i, EPOLLIN);
    ask(p, &clients[i]);
  }
  exchange(p, clients, ep, now() + p->warmup);
  sample_forget();
  window_open(&w, p);
  uint64_t operations = exchange(p, clients, ep, w.opened + p->seconds);
  window_close(&w, p);
  report(p, &w, operations);
  reset_all(fds, p->connections);
  return 0;
}

static void open_client(const struct plan *p, struct client *c, int ep, uint32_t index) {
  c->began = now();
  c->fd = begin_connect(p);
  c->is_connecting = 1;
  set_interest(ep, EPOLL_CTL_ADD, c, index, EPOLLOUT);
}

/** One event of a client; whether a whole operation has come to its end. */
static int proceed(const struct plan *p, struct client *c, int ep, uint32_t index) {
  if (c->is_connecting) {
    int error = connect_error(c->fd);
    if (error != 0) fail("connect", error);
    c->is_connecting = 0;
    set_interest(ep, EPOLL_CTL_MOD, c, index, EPOLLIN);
    ask(p, c);
    return 0;
  }
  if (!hear(p, c)) return 0;
  sample_add(now() - c->began);
  close(c->fd);
  return 1;
}

static void check_progress(const struct plan *p, const struct client *clients) {
  double at = now();
  for (int i = 0; i < p->connections; i++)
    if (at - clients[i].began > 5) fail("connect-request-close", ETIMEDOUT);
}

static uint64_t come_and_go(const struct plan *p, struct client *clients, int ep, double until) {
  struct epoll_event events[EVENTS];
  uint64_t operations = 0;
  while (now() < until) {
    int n = epoll_wait(ep, events, EVENTS, 50);
    for (int i = 0; i < n; i++) {
      uint32_t index = events[i].data.u32;
      if (!proceed(p, &clients[index], ep, index)) continue;
      operations++;
      open_client(p, &clients[index], ep, index);
    }
    if (n == 0) check_progress(p, clients);
  }
  return operations;
}

/** Connect, request, response, close: again and again. */
int run_crr(const struct plan *p) {
  struct client *clients = calloc(p->connections, sizeof *clients);
  int ep = epoll_create1(0);
  struct window w;
  prepare(p);
  for (int i = 0; i < p->connections; i++) open_client(p, &clients[i], ep, i);
  come_and_go(p, clients, ep, now() + p->warmup);
  sample_forget();
  window_open(&w, p);
  uint64_t operations = come_and_go(p, clients, ep, w.opened + p->seconds);
  window_close(&w, p);
  report(p, &w, operations);
  for (int i = 0; i < p->connections; i++) reset_all(&clients[i].fd, 1);
  return 0;
}
