#ifndef LIMITS_H
#define LIMITS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { ECHO = 7, DISCARD = 9, CHARGEN = 19 };

/** What `parse` finds in a packet. Addresses and ports as they lie there, numbers in the machine's order. */
struct segment {
  uint32_t local, remote, seq, ack, window, length;
  uint16_t local_port, remote_port, service;
  uint8_t flags, scale;
  const uint8_t *text;
};

struct conn {
  uint32_t local, remote;
  uint16_t local_port, remote_port, service;
  uint8_t scale, owes;
  uint32_t rcv_nxt, snd_una, snd_nxt, window;
  /** In the chain of its hash. */
  struct conn *chained;
  /** Among those that send without end, or among the free. */
  struct conn *next, *previous;
};

struct device {
  int fd, offload, mtu;
  /** Bytes before a packet, text of a segment on the wire and of the largest one that the device takes. */
  uint32_t before, mss, largest;
  uint8_t *pattern;
};

extern struct device device;

void prepare_device(void);
/** Whether it is a whole TCP segment for one of the services. */
int parse(struct segment *s, const uint8_t *packet, ssize_t length);
/** Writes a segment from `snd_nxt` on, which stays. A SYN has our options. */
void send_segment(struct conn *c, int flags, uint32_t length, const uint8_t *text);

struct conn *find(const struct segment *s);
/** NULL when there are too many. */
struct conn *add(const struct segment *s);
void forget(struct conn *c);
/** The connections that send without end. */
struct conn *sources(void);
/** An acknowledgement is due at the end of the batch. */
void owe(struct conn *c);
void pay_debts(void);

#endif
