#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 5000 // milliseconds for a handshake

static double clock_seconds(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

double now(void) { return clock_seconds(CLOCK_MONOTONIC); }

/** Nanoseconds on a processor, from the scheduler's own account; the ticks of `stat` are too coarse for a second. */
static double thread_seconds(int pid, const char *thread) {
  char path[64];
  unsigned long long ns = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", pid, thread);
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%llu", &ns) != 1) ns = 0;
  fclose(file);
  return ns * 1e-9;
}

static double process_seconds(int pid) {
  char path[64];
  double sum = 0;
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *folder = pid == 0 ? NULL : opendir(path);
  if (folder == NULL) return 0;
  for (struct dirent *e; (e = readdir(folder)) != NULL;)
    if (e->d_name[0] != '.') sum += thread_seconds(pid, e->d_name);
  closedir(folder);
  return sum;
}

void window_open(struct window *w, const struct plan *p) {
  w->stack = process_seconds(p->pid);
  w->client = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
  w->opened = now();
}

void window_close(struct window *w, const struct plan *p) {
  w->seconds = now() - w->opened;
  w->client = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - w->client;
  w->stack = process_seconds(p->pid) - w->stack;
}

long stack_memory(const struct plan *p) {
  char path[64];
  long pages = 0;
  snprintf(path, sizeof path, "/proc/%d/statm", p->pid);
  FILE *file = p->pid == 0 ? NULL : fopen(path, "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

void fail(const char *what, int error) {
  printf("{\"error\":\"%s: %s\"}\n", what, strerror(error));
  exit(1);
}

void begin(const struct plan *p, const struct window *w) {
  printf("{\"mode\":\"%s\",\"connections\":%d,\"seconds\":%.6f,\"clientCpu\":%.6f,\"stackCpu\":%.6f", p->mode,
         p->connections, w->seconds, w->client, w->stack);
}

void finish(void) {
  printf("}\n");
  fflush(stdout);
}

static void choose_source(const struct plan *p, int fd) {
  static unsigned turn;
  int yes = 1;
  struct sockaddr_in from = {.sin_family = AF_INET};
  from.sin_addr.s_addr = htonl(p->source_first + turn++ % p->source_count);
  // The port is chosen at connect, so that one port serves many destinations.
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) fail("bind", errno);
}

int begin_connect(const struct plan *p) {
  int yes = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket", errno);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  // The same for everyone, whatever this machine prefers; BBR, for one, paces itself to half of what a device takes.
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
  if (p->source_count > 0) choose_source(p, fd);
  if (connect(fd, (const struct sockaddr *)&p->to, sizeof p->to) < 0 && errno != EINPROGRESS)
    fail("connect", errno);
  return fd;
}

int connect_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

void connect_all(const struct plan *p, int *fds, int count, int together) {
  for (int first = 0; first < count; first += together) {
    int end = first + together < count ? first + together : count;
    for (int i = first; i < end; i++) fds[i] = begin_connect(p);
    for (int i = first; i < end; i++) {
      struct pollfd wait = {.fd = fds[i], .events = POLLOUT};
      if (poll(&wait, 1, PATIENCE) <= 0) fail("connect", ETIMEDOUT);
      int error = connect_error(fds[i]);
      if (error != 0) fail("connect", error);
    }
  }
}

void reset_all(const int *fds, int count) {
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  for (int i = 0; i < count; i++) {
    setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fds[i]);
  }
}

static float *samples;
static size_t sample_count, sample_room;

void sample_forget(void) { sample_count = 0; }

void sample_add(double seconds) {
  if (sample_count == sample_room) {
    sample_room = sample_room == 0 ? 1 << 20 : sample_room * 2;
    samples = realloc(samples, sample_room * sizeof *samples);
    if (samples == NULL) fail("memory", ENOMEM);
  }
  samples[sample_count++] = (float)(seconds * 1e6);
}

static int compare(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

void sample_print(void) {
  if (sample_count == 0) return;
  qsort(samples, sample_count, sizeof *samples, compare);
  printf(",\"p50\":%.1f,\"p99\":%.1f", samples[sample_count / 2], samples[sample_count * 99 / 100]);
}
