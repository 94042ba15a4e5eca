#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "arguments.h"
#include "classes.h"
#include "errors.h"

namespace tunstack {

/**
 * setNoNewPrivileges(): no exec of any thread gains privileges from now on.
 *
 * prctl() marks the calling thread alone, and the threads of the pool and of V8 run already. Installing a seccomp
 * filter with TSYNC marks them all; the filter allows everything, which the kernel finds out once and then skips.
 */
static napi_value setNoNewPrivileges(napi_env env, napi_callback_info) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return throwErrno(env, errno, "prctl", nullptr);
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  sock_fprog program = {1, &allow};
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  if (result < 0) return throwErrno(env, errno, "seccomp", nullptr, "the kernel needs CONFIG_SECCOMP_FILTER");
  if (result > 0) return throwErrno(env, EBUSY, "seccomp", nullptr, "a thread has a seccomp filter of its own");
  return nullptr;
}

/** notify(socket, state): one datagram to the service manager, as sd_notify(3); `@` begins an abstract name. */
static napi_value notify(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value values[2];
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  char path[sizeof address.sun_path + 1];
  char state[1024];
  size_t pathLength = 0, stateLength = 0;
  if (count < 2 || napi_get_value_string_utf8(env, values[0], path, sizeof path, &pathLength) != napi_ok ||
      napi_get_value_string_utf8(env, values[1], state, sizeof state, &stateLength) != napi_ok) {
    return throwMisuse(env, "socket and state are needed");
  }
  if (pathLength == 0 || pathLength >= sizeof address.sun_path) return throwErrno(env, EINVAL, "sendto", nullptr);
  memcpy(address.sun_path, path, pathLength);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const socklen_t size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + pathLength);
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return throwErrno(env, errno, "socket", nullptr);
  const ssize_t sent =
      ::sendto(fd, state, stateLength, MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
  const int error = errno;
  ::close(fd);
  if (sent < 0) return throwErrno(env, error, "sendto", nullptr, "the socket of the service manager (NOTIFY_SOCKET)");
  return nullptr;
}

/** Bytes of external memory beyond which V8 looks for garbage: it tolerates 64 MB more than after its last look. */
static constexpr int64_t kExternal = 65 << 20;

/**
 * collectSoon(): V8 begins to mark, beside and between what the thread does, and gives back memory that nothing is in. It else waits for
 * the heap to grow, which in a process that has become idle it never does.
 */
static napi_value collectSoon(napi_env env, napi_callback_info) {
  int64_t total;
  napi_adjust_external_memory(env, kExternal, &total);
  napi_adjust_external_memory(env, -kExternal, &total);
  return nullptr;
}

void exportProcess(napi_env env, napi_value exports) {
  exportFunction(env, exports, "setNoNewPrivileges", setNoNewPrivileges);
  exportFunction(env, exports, "notify", notify);
  exportFunction(env, exports, "collectSoon", collectSoon);
}

}  // namespace tunstack
