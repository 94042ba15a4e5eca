// usage: load up|down|rr|crr|idle HOST PORT [--seconds S] [--warmup S] [--connections N] [--size BYTES] [--pid PID]
//             [--from ADDRESS --addresses N] [--settle S]
//
// Prints one line of JSON. `up` wants a sink at the port, `down` an endless source, the others an echo. `idle` measures twice: `warmup`
// seconds right after the connections were opened, and `seconds` after another `settle`.
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct option OPTIONS[] = {
    {"seconds", required_argument, NULL, 's'}, {"warmup", required_argument, NULL, 'w'},
    {"connections", required_argument, NULL, 'n'}, {"size", required_argument, NULL, 'z'},
    {"pid", required_argument, NULL, 'p'}, {"from", required_argument, NULL, 'f'},
    {"addresses", required_argument, NULL, 'a'}, {"settle", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0}};

static int usage(void) {
  fprintf(stderr, "usage: load up|down|rr|crr|idle HOST PORT [--seconds S] [--warmup S] [--connections N]\n"
                  "            [--size BYTES] [--pid PID] [--from ADDRESS --addresses N]\n"
                  "            [--settle S]\n");
  return 2;
}

static int read_address(const char *text, uint32_t *address) {
  struct in_addr read;
  if (inet_aton(text, &read) == 0) return -1;
  *address = ntohl(read.s_addr);
  return 0;
}

static int read_options(struct plan *p, int count, char **words) {
  for (int c; (c = getopt_long(count, words, "", OPTIONS, NULL)) != -1;) {
    switch (c) {
      case 's': p->seconds = atof(optarg); break;
      case 'w': p->warmup = atof(optarg); break;
      case 'n': p->connections = atoi(optarg); break;
      case 'z': p->size = atoi(optarg); break;
      case 'p': p->pid = atoi(optarg); break;
      case 't': p->settle = atof(optarg); break;
      case 'a': p->source_count = (unsigned)atoi(optarg); break;
      case 'f':
        if (read_address(optarg, &p->source_first) < 0) return -1;
        if (p->source_count == 0) p->source_count = 1;
        break;
      default: return -1;
    }
  }
  uint32_t host;
  if (count - optind != 3 || p->connections < 1 || read_address(words[optind + 1], &host) < 0) return -1;
  p->mode = words[optind];
  p->to.sin_family = AF_INET;
  p->to.sin_addr.s_addr = htonl(host);
  p->to.sin_port = htons((uint16_t)atoi(words[optind + 2]));
  return 0;
}

/** Bounded in time, whatever the stack does. */
static void too_late(int signal) {
  static const char line[] = "{\"error\":\"the load generator got stuck\"}\n";
  (void)signal;
  if (write(STDOUT_FILENO, line, sizeof line - 1) < 0) _exit(2);
  _exit(1);
}

int main(int count, char **words) {
  struct plan p = {.seconds = 1, .warmup = 0.2, .connections = 1, .size = 64};
  struct rlimit files = {1 << 20, 1 << 20};
  if (read_options(&p, count, words) < 0) return usage();
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGALRM, too_late);
  alarm((unsigned)(p.seconds + p.warmup + p.settle) + 20);
  if (strcmp(p.mode, "up") == 0) return run_bulk(&p, 1);
  if (strcmp(p.mode, "down") == 0) return run_bulk(&p, 0);
  if (strcmp(p.mode, "rr") == 0) return run_rr(&p);
  if (strcmp(p.mode, "crr") == 0) return run_crr(&p);
  if (strcmp(p.mode, "idle") == 0) return run_idle(&p);
  return usage();
}
