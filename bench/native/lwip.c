// usage: lwip DEV ADDRESS NETMASK GATEWAY
//
// Discard 9, chargen 19 and echo 7 on lwIP's raw API over a TUN device, with the options that the library was compiled with. Prints `ready`.
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <lwip/init.h>
#include <lwip/ip4.h>
#include <lwip/netif.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>

#include "tun.h"

#define BATCH 64
#define LARGEST 1500

enum service { ECHO = 7, DISCARD = 9, CHARGEN = 19 };

static const u16_t SERVICES[] = {ECHO, DISCARD, CHARGEN};
static char pattern[8192];
static int fd;

static err_t write_packet(struct netif *interface, struct pbuf *p, const ip4_addr_t *to) {
  static char packet[LARGEST];
  u16_t length = pbuf_copy_partial(p, packet, sizeof packet, 0);
  (void)interface;
  (void)to;
  return write(fd, packet, length) == length ? ERR_OK : ERR_IF;
}

static err_t set_up_interface(struct netif *interface) {
  interface->name[0] = 't';
  interface->name[1] = 'u';
  interface->mtu = LARGEST;
  interface->output = write_packet;
  return ERR_OK;
}

static err_t pump(struct tcp_pcb *pcb) {
  for (u16_t room; (room = tcp_sndbuf(pcb)) > 0;) {
    u16_t length = room < sizeof pattern ? room : sizeof pattern;
    if (tcp_write(pcb, pattern, length, 0) != ERR_OK) break;
  }
  return tcp_output(pcb);
}

static err_t on_sent(void *service, struct tcp_pcb *pcb, u16_t length) {
  (void)length;
  return (intptr_t)service == CHARGEN ? pump(pcb) : ERR_OK;
}

/** The clients of the bench wait for their answer, so it always fits. */
static err_t send_back(struct tcp_pcb *pcb, struct pbuf *p) {
  for (struct pbuf *part = p; part != NULL; part = part->next)
    if (tcp_write(pcb, part->payload, part->len, TCP_WRITE_FLAG_COPY) != ERR_OK) return ERR_MEM;
  return tcp_output(pcb);
}

static err_t on_received(void *service, struct tcp_pcb *pcb, struct pbuf *p, err_t error) {
  if (p == NULL || error != ERR_OK) {
    if (p != NULL) pbuf_free(p);
    if (tcp_close(pcb) == ERR_OK) return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
  }
  if ((intptr_t)service == ECHO && send_back(pcb, p) != ERR_OK) return ERR_MEM;
  tcp_recved(pcb, p->tot_len);
  pbuf_free(p);
  return ERR_OK;
}

static err_t on_accepted(void *service, struct tcp_pcb *pcb, err_t error) {
  if (error != ERR_OK || pcb == NULL) return ERR_VAL;
  tcp_arg(pcb, service);
  tcp_nagle_disable(pcb);
  tcp_recv(pcb, on_received);
  tcp_sent(pcb, on_sent);
  return (intptr_t)service == CHARGEN ? pump(pcb) : ERR_OK;
}

static void listen_all(void) {
  for (unsigned i = 0; i < sizeof SERVICES / sizeof *SERVICES; i++) {
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, SERVICES[i]) != ERR_OK) exit(1);
    pcb = tcp_listen_with_backlog(pcb, 255);
    tcp_arg(pcb, (void *)(intptr_t)SERVICES[i]);
    tcp_accept(pcb, on_accepted);
  }
}

/** Takes in a batch; how many packets there were. */
static int drain(struct netif *interface) {
  static char packet[LARGEST];
  int count = 0;
  for (ssize_t n; count < BATCH && (n = read(fd, packet, sizeof packet)) > 0; count++) {
    // Not of the pool: Debian's library makes the pool's buffers smaller than it says.
    struct pbuf *p = packet[0] >> 4 == 4 ? pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_RAM) : NULL;
    if (p == NULL) continue;
    pbuf_take(p, packet, (u16_t)n);
    if (interface->input(p, interface) != ERR_OK) pbuf_free(p);
  }
  return count;
}

static void serve(struct netif *interface) {
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  for (;;) {
    int count = drain(interface);
    sys_check_timeouts();
    u32_t sleep = sys_timeouts_sleeptime();
    if (count == 0) poll(&wait, 1, sleep > 1000 ? 1000 : (int)sleep);
  }
}

int main(int count, char **words) {
  static struct netif interface;
  ip4_addr_t address, mask, gateway;
  if (count != 5 || !ip4addr_aton(words[2], &address) || !ip4addr_aton(words[3], &mask) ||
      !ip4addr_aton(words[4], &gateway))
    return 2;
  for (unsigned i = 0; i < sizeof pattern; i++) pattern[i] = (char)(' ' + i % 95);
  fd = open_tun(words[1], 0);
  lwip_init();
  netif_add(&interface, &address, &mask, &gateway, NULL, set_up_interface, ip_input);
  netif_set_default(&interface);
  netif_set_link_up(&interface);
  netif_set_up(&interface);
  listen_all();
  puts("ready");
  fflush(stdout);
  serve(&interface);
}
