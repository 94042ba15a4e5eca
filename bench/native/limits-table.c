#include "limits.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS (1u << 14)
#define MOST (1u << 16)

static struct conn *buckets[BUCKETS];
static struct conn *unused, *endless;
static struct conn *debtors[64];
static int debts;

static unsigned hash(uint32_t remote, uint16_t port, uint16_t service) {
  uint32_t key = remote * 0x9e3779b1u ^ (uint32_t)port * 0x85ebca6bu ^ service;
  return (key ^ key >> 15) & (BUCKETS - 1);
}

static struct conn **place_of(uint32_t remote, uint16_t port, uint16_t service) {
  struct conn **place = &buckets[hash(remote, port, service)];
  while (*place != NULL && !((*place)->remote == remote && (*place)->remote_port == port && (*place)->service == service))
    place = &(*place)->chained;
  return place;
}

struct conn *find(const struct segment *s) { return *place_of(s->remote, s->remote_port, s->service); }

static struct conn *allocate(void) {
  static unsigned made;
  struct conn *c = unused;
  if (c != NULL) unused = c->next;
  else if (made++ < MOST) c = malloc(sizeof *c);
  return c;
}

struct conn *add(const struct segment *s) {
  struct conn *c = allocate();
  if (c == NULL) return NULL;
  memset(c, 0, sizeof *c);
  c->local = s->local;
  c->remote = s->remote;
  c->local_port = s->local_port;
  c->remote_port = s->remote_port;
  c->service = s->service;
  *place_of(s->remote, s->remote_port, s->service) = c;
  if (s->service == CHARGEN) {
    c->next = endless;
    if (endless != NULL) endless->previous = c;
    endless = c;
  }
  return c;
}

static void leave_sources(struct conn *c) {
  if (c->previous != NULL) c->previous->next = c->next;
  else endless = c->next;
  if (c->next != NULL) c->next->previous = c->previous;
}

void forget(struct conn *c) {
  struct conn **place = place_of(c->remote, c->remote_port, c->service);
  *place = c->chained;
  if (c->service == CHARGEN) leave_sources(c);
  for (int i = 0; c->owes && i < debts; i++)
    if (debtors[i] == c) debtors[i] = NULL;
  c->next = unused;
  unused = c;
}

struct conn *sources(void) { return endless; }

void owe(struct conn *c) {
  if (c->owes) return;
  c->owes = 1;
  debtors[debts++] = c; // a batch has no more packets than there is room
}

void pay_debts(void) {
  for (int i = 0; i < debts; i++) {
    if (debtors[i] == NULL) continue;
    debtors[i]->owes = 0;
    send_segment(debtors[i], ACK, 0, NULL);
  }
  debts = 0;
}
