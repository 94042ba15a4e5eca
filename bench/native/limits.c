// usage: limits DEV [--offload] [--mtu BYTES]
//
// What the device allows: something that looks like TCP to a kernel client on the same machine and does nothing that could be left out. Port 9
// acknowledges whatever comes, port 19 sends without end, port 7 sends back. Nothing is ever lost between the two, so nothing is put in order,
// and what goes missing all the same is sent again from the first byte that is not acknowledged. Prints `ready`.
#define _GNU_SOURCE
#include "limits.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <unistd.h>

#include "tun.h"

#define BATCH 64
/** Segments of one connection in a turn: whoever waits for the rest of a batch gets its share. */
#define BURST 16
#define STALLED 200 // milliseconds without a packet

struct device device;

static void answer_syn(struct conn *c, const struct segment *s) {
  c->rcv_nxt = s->seq + 1;
  c->snd_una = c->snd_nxt = 1000;
  c->scale = s->scale;
  c->window = s->window;
  send_segment(c, SYN | ACK, 0, NULL);
  c->snd_nxt = c->snd_una = c->snd_nxt + 1;
}

/** Port 7: an answer with each segment that brings something. */
static void echo(struct conn *c, const struct segment *s) {
  int is_last = s->flags & FIN;
  if (s->length == 0 && !is_last) return;
  if (s->seq != c->rcv_nxt) return send_segment(c, ACK, 0, NULL);
  c->rcv_nxt += s->length + (is_last ? 1 : 0);
  send_segment(c, ACK | (s->length > 0 ? PSH : 0) | (is_last ? FIN : 0), s->length, s->text);
  c->snd_nxt += s->length;
  if (is_last) forget(c);
}

static void take(struct conn *c, const struct segment *s) {
  int is_last = s->flags & FIN;
  if (s->length == 0 && !is_last) return;
  if (s->seq == c->rcv_nxt) c->rcv_nxt += s->length + (is_last ? 1 : 0);
  if (is_last) {
    send_segment(c, ACK | FIN, 0, NULL);
    return forget(c);
  }
  owe(c);
}

static void receive(const struct segment *s) {
  struct conn *c = find(s);
  if (s->flags & RST) return c == NULL ? (void)0 : forget(c);
  if (s->flags & SYN) {
    if (c != NULL) forget(c);
    c = add(s);
    return c == NULL ? (void)0 : answer_syn(c, s);
  }
  if (c == NULL) return;
  if ((int32_t)(s->ack - c->snd_una) > 0) c->snd_una = s->ack;
  if ((int32_t)(c->snd_una - c->snd_nxt) > 0) c->snd_nxt = c->snd_una; // what was sent again was there already
  c->window = s->window << c->scale;
  if (s->service == ECHO) echo(c, s);
  else take(c, s);
}

/** Whether anything went out. */
static int pump(struct conn *c) {
  int count = 0;
  for (; count < BURST; count++) {
    uint32_t flight = c->snd_nxt - c->snd_una;
    uint32_t room = flight < c->window ? c->window - flight : 0;
    uint32_t length = room < device.largest ? room : device.largest;
    // A part of a segment only when there is nothing in flight whose acknowledgement will make room for a whole one.
    if (length == 0 || (length < device.largest && flight > 0)) break;
    send_segment(c, ACK | PSH, length, device.pattern);
    c->snd_nxt += length;
  }
  return count > 0;
}

static int pump_all(void) {
  int any = 0;
  for (struct conn *c = sources(); c != NULL; c = c->next) any |= pump(c);
  return any;
}

static void rewind_all(void) {
  for (struct conn *c = sources(); c != NULL; c = c->next) c->snd_nxt = c->snd_una;
}

/** Takes in a batch; how many packets there were. */
static int drain(void) {
  static uint8_t packet[1 << 17];
  struct segment s;
  int count = 0;
  while (count < BATCH) {
    ssize_t n = read(device.fd, packet, sizeof packet);
    if (n <= 0) break;
    count++;
    if (parse(&s, packet + device.before, n - device.before)) receive(&s);
  }
  pay_debts();
  return count;
}

static void serve(void) {
  struct pollfd wait = {.fd = device.fd, .events = POLLIN};
  for (;;) {
    int came = drain();
    int went = pump_all();
    if (came > 0 || went) continue;
    if (poll(&wait, 1, sources() == NULL ? -1 : STALLED) == 0) rewind_all();
  }
}

int main(int count, char **words) {
  static const struct option OPTIONS[] = {
      {"offload", no_argument, NULL, 'o'}, {"mtu", required_argument, NULL, 'm'}, {NULL, 0, NULL, 0}};
  device.mtu = 1500;
  for (int c; (c = getopt_long(count, words, "", OPTIONS, NULL)) != -1;) {
    if (c == 'o') device.offload = 1;
    else if (c == 'm') device.mtu = atoi(optarg);
    else return 2;
  }
  if (optind != count - 1 || device.mtu < 576) return 2;
  device.fd = open_tun(words[optind], device.offload);
  prepare_device();
  puts("ready");
  fflush(stdout);
  serve();
}
