// The load generator: a client of the kernel's TCP that drives whatever serves discard, chargen and echo.
#ifndef LOAD_H
#define LOAD_H

#include <netinet/in.h>
#include <stdint.h>

struct plan {
  const char *mode;
  struct sockaddr_in to;
  double seconds, warmup, settle;
  int connections, size, pid;
  /** Connections leave from addresses FIRST to FIRST + COUNT - 1 in turn; COUNT 0: from what the kernel chooses. */
  uint32_t source_first;
  unsigned source_count;
};

/** What is measured between `window_open` and `window_close`. */
struct window {
  double opened, seconds;
  /** Processor time in seconds: of this process, and of the one under test (0 without --pid). */
  double client, stack;
};

double now(void);
void window_open(struct window *w, const struct plan *p);
void window_close(struct window *w, const struct plan *p);

/** Resident memory of the process under test in bytes. */
long stack_memory(const struct plan *p);

/** Prints {"error": …} and ends with status 1. */
void fail(const char *what, int error) __attribute__((noreturn));

/** Begins the JSON line with what every mode tells; the caller adds members and calls `finish`. */
void begin(const struct plan *p, const struct window *w);
void finish(void);

/** A socket that is being connected; ends the program when it cannot even begin. */
int begin_connect(const struct plan *p);
/** Connects `count` sockets, `together` at a time; ends the program when one fails. */
void connect_all(const struct plan *p, int *fds, int count, int together);
/** Closes with a reset, so that nothing lingers. */
void reset_all(const int *fds, int count);
/** The error of a non-blocking connect that has come to an end, or 0. */
int connect_error(int fd);

int run_bulk(const struct plan *p, int is_upload);
int run_rr(const struct plan *p);
int run_crr(const struct plan *p);
int run_idle(const struct plan *p);

/** Nanoseconds of single operations. */
void sample_forget(void);
void sample_add(double seconds);
/** Adds the members p50 and p99, microseconds. */
void sample_print(void);

#endif
