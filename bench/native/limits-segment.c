#define _GNU_SOURCE
#include "limits.h"

#include <arpa/inet.h>
#include <linux/virtio_net.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IP_SIZE 20
#define TCP_SIZE 20
#define SYN_OPTIONS 12
#define SCALE 7
/** Offered to each peer: with the longer queue that the bench gives the device, eight of them lose nothing. */
#define WINDOW (1u << 20)
#define WINDOW_OFFLOAD (4u << 20)
#define LARGEST_PACKET 65535

static uint8_t *out; // a packet with what goes before it
static uint8_t *at;  // the packet

void prepare_device(void) {
  device.before = device.offload ? sizeof(struct virtio_net_hdr) : 0;
  device.mss = device.mtu - IP_SIZE - TCP_SIZE;
  device.largest = device.mss;
  if (device.offload) device.largest = (LARGEST_PACKET - IP_SIZE - TCP_SIZE) / device.mss * device.mss;
  device.pattern = malloc(LARGEST_PACKET);
  for (int i = 0; i < LARGEST_PACKET; i++) device.pattern[i] = (uint8_t)(' ' + i % 95);
  out = malloc(device.before + LARGEST_PACKET);
  at = out + device.before;
}

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }

static void put16(uint8_t *p, uint32_t value) {
  p[0] = (uint8_t)(value >> 8);
  p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value) {
  put16(p, value >> 16);
  put16(p + 2, value);
}

/** The window scale option of a SYN, or 0. */
static uint8_t find_scale(const uint8_t *options, int length) {
  for (int i = 0; i + 1 < length && options[i] != 0;) {
    if (options[i] == 1) {
      i++;
      continue;
    }
    if (options[i] == 3 && i + 2 < length) return options[i + 2];
    if (options[i + 1] < 2) return 0;
    i += options[i + 1];
  }
  return 0;
}

int parse(struct segment *s, const uint8_t *packet, ssize_t length) {
  if (length < IP_SIZE + TCP_SIZE || packet[0] >> 4 != 4 || packet[9] != IPPROTO_TCP) return 0;
  int header = (packet[0] & 15) * 4, total = get16(packet + 2);
  const uint8_t *tcp = packet + header;
  int size = (tcp[12] >> 4) * 4;
  if (total > length || header + size > total) return 0;
  memcpy(&s->remote, packet + 12, 4);
  memcpy(&s->local, packet + 16, 4);
  memcpy(&s->remote_port, tcp, 2);
  memcpy(&s->local_port, tcp + 2, 2);
  s->service = get16(tcp + 2);
  if (s->service != ECHO && s->service != DISCARD && s->service != CHARGEN) return 0;
  s->seq = get32(tcp + 4);
  s->ack = get32(tcp + 8);
  s->flags = tcp[13];
  s->window = get16(tcp + 14);
  s->scale = s->flags & SYN ? find_scale(tcp + TCP_SIZE, size - TCP_SIZE) : 0;
  s->text = tcp + size;
  s->length = (uint32_t)(total - header - size);
  return 1;
}

static uint32_t fold(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint32_t)sum;
}

/** RFC 1071: the sum as the machine reads its words. */
static uint64_t add_bytes(const uint8_t *p, size_t length, uint64_t sum) {
  uint32_t word, rest = 0;
  for (; length >= 4; p += 4, length -= 4) {
    memcpy(&word, p, 4);
    sum += word;
  }
  memcpy(&rest, p, length);
  return sum + rest;
}

static uint64_t add_pseudo_header(const struct conn *c, uint32_t length) {
  return (uint64_t)c->local + c->remote + htons(IPPROTO_TCP) + htons((uint16_t)length);
}

static void store_sum(uint8_t *p, uint32_t sum) {
  uint16_t value = (uint16_t)sum;
  memcpy(p, &value, 2);
}

static void write_ip(const struct conn *c, uint32_t total) {
  memset(at, 0, IP_SIZE);
  at[0] = 0x45;
  put16(at + 2, total);
  at[6] = 0x40; // don't fragment
  at[8] = 64;
  at[9] = IPPROTO_TCP;
  memcpy(at + 12, &c->local, 4);
  memcpy(at + 16, &c->remote, 4);
  store_sum(at + 10, ~fold(add_bytes(at, IP_SIZE, 0)));
}

/** The length of the header. */
static uint32_t write_tcp(const struct conn *c, int flags) {
  uint8_t *tcp = at + IP_SIZE;
  uint32_t size = TCP_SIZE + (flags & SYN ? SYN_OPTIONS : 0);
  uint32_t window = device.offload ? WINDOW_OFFLOAD : WINDOW;
  memcpy(tcp, &c->local_port, 2);
  memcpy(tcp + 2, &c->remote_port, 2);
  put32(tcp + 4, c->snd_nxt);
  put32(tcp + 8, c->rcv_nxt);
  tcp[12] = (uint8_t)(size / 4 << 4);
  tcp[13] = (uint8_t)flags;
  put16(tcp + 14, flags & SYN ? 65535 : window >> SCALE);
  put32(tcp + 16, 0);
  if (flags & SYN) {
    const uint8_t options[SYN_OPTIONS] = {2, 4, device.mss >> 8, device.mss & 255, 1, 3, 3, SCALE, 1, 1, 1, 0};
    memcpy(tcp + TCP_SIZE, options, SYN_OPTIONS);
  }
  return size;
}

/** Says what the kernel has to do with a segment: complete its sum, and cut it. */
static void write_virtio(uint32_t header, uint32_t length, int is_summed) {
  struct virtio_net_hdr h = {0};
  if (!is_summed) {
    h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    h.csum_start = IP_SIZE;
    h.csum_offset = 16;
  }
  if (length > device.mss) {
    h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
    h.gso_size = (uint16_t)device.mss;
    h.hdr_len = (uint16_t)header;
  }
  memcpy(out, &h, sizeof h);
}

void send_segment(struct conn *c, int flags, uint32_t length, const uint8_t *text) {
  uint32_t size = write_tcp(c, flags), header = IP_SIZE + size;
  int is_summed = !device.offload || length == 0;
  write_ip(c, header + length);
  if (length > 0) memcpy(at + header, text, length);
  uint64_t sum = add_pseudo_header(c, size + length);
  if (is_summed) store_sum(at + IP_SIZE + 16, ~fold(add_bytes(at + IP_SIZE, size + length, sum)));
  else store_sum(at + IP_SIZE + 16, fold(sum));
  if (device.offload) write_virtio(header, length, is_summed);
  if (write(device.fd, out, device.before + header + length) < 0) return; // the device is down: as good as lost
}
