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

static void watch(struct window *w, const struct plan *p, double seconds) {
  window_open(w, p);
  usleep((useconds_t)(seconds * 1e6));
  window_close(w, p);
}

/** Connections that do nothing: what they cost right after they were opened, and what when all that was put off has been done. */
int run_idle(const struct plan *p) {
  int *fds = calloc(p->connections, sizeof *fds);
  struct window first, settled;
  long before = stack_memory(p);
  double began = now();
  connect_all(p, fds, p->connections, TOGETHER);
  double connecting = now() - began;
  watch(&first, p, p->warmup);
  usleep((useconds_t)(p->settle * 1e6));
  watch(&settled, p, p->seconds);
  long after = stack_memory(p);
  int alive = count_alive(fds, p->connections);
  begin(p, &settled);
  printf(",\"firstSeconds\":%.6f,\"firstCpu\":%.6f", first.seconds, first.stack);
  printf(",\"memoryBefore\":%ld,\"memoryAfter\":%ld,\"connecting\":%.4f,\"alive\":%d", before, after, connecting,
         alive);
  finish();
  reset_all(fds, p->connections);
  return 0;
}
