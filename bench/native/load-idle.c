#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/** Handshakes at once: fewer than any backlog. */
#define TOGETHER 64

/** How many of the connections still echo a byte. */
static int count_alive(const int *fds, int count) {
  int alive = 0;
  double end = now() + 5;
  for (int i = 0; i < count; i++) send(fds[i], "x", 1, MSG_NOSIGNAL);
  for (int i = 0; i < count; i++) {
    char byte = 0;
    struct pollfd wait = {.fd = fds[i], .events = POLLIN};
    if (poll(&wait, 1, now() < end ? 1000 : 0) > 0 && recv(fds[i], &byte, 1, 0) == 1 && byte == 'x') alive++;
  }
  return alive;
}

/** Connections that do nothing: what they cost in memory and in time. */
int run_idle(const struct plan *p) {
  int *fds = calloc(p->connections, sizeof *fds);
  struct window w;
  long before = stack_memory(p);
  double began = now();
  connect_all(p, fds, p->connections, TOGETHER);
  double connecting = now() - began;
  usleep((useconds_t)(p->warmup * 1e6)); // delayed acknowledgements and deferred work come to an end
  window_open(&w, p);
  usleep((useconds_t)(p->seconds * 1e6));
  window_close(&w, p);
  long after = stack_memory(p);
  int alive = count_alive(fds, p->connections);
  begin(p, &w);
  printf(",\"memoryBefore\":%ld,\"memoryAfter\":%ld,\"connecting\":%.4f,\"alive\":%d", before, after, connecting,
         alive);
  finish();
  reset_all(fds, p->connections);
  return 0;
}
