#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "arguments.h"
#include "classes.h"
#include "environment.h"
#include "errors.h"
#include "tun.h"

namespace tunstack {

namespace {

/** openQueue(name): the descriptor of one queue more of a device with several; the first one makes the device. */
napi_value openQueue(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value name;
  napi_get_cb_info(env, info, &count, &name, nullptr, nullptr);
  TunSettings settings;
  settings.multiQueue = true;
  if (count < 1 ||
      napi_get_value_string_utf8(env, name, settings.name, sizeof settings.name, nullptr) != napi_ok) {
    return throwMisuse(env, "a name is needed");
  }
  TunFile tun;
  const int error = tun.open(settings);
  if (error != 0) return throwErrno(env, error, tun.syscall, settings.name, tun.hint);
  // The file closes its own; a queue is there as long as any descriptor of it.
  const int fd = ::fcntl(tun.fd(), F_DUPFD_CLOEXEC, 3);
  return fd < 0 ? throwErrno(env, errno, "fcntl", settings.name) : makeInteger(env, fd);
}

int32_t descriptorOf(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value value;
  int32_t fd = -1;
  napi_get_cb_info(env, info, &count, &value, nullptr, nullptr);
  if (count > 0) napi_get_value_int32(env, value, &fd);
  return fd;
}

/** duplicate(fd): another descriptor of the same file, to be closed by its owner. */
napi_value duplicate(napi_env env, napi_callback_info info) {
  const int fd = ::fcntl(descriptorOf(env, info), F_DUPFD_CLOEXEC, 3);
  return fd < 0 ? throwErrno(env, errno, "fcntl", nullptr) : makeInteger(env, fd);
}

/** makeBell(): a descriptor that any thread can ring and one can wait for. */
napi_value makeBell(napi_env env, napi_callback_info) {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? throwErrno(env, errno, "eventfd", nullptr) : makeInteger(env, fd);
}

/** ring(fd): wakes whoever waits for the bell. It cannot fail but by a count of 2^64 that nobody has heard. */
napi_value ring(napi_env env, napi_callback_info info) {
  const uint64_t once = 1;
  const ssize_t written = ::write(descriptorOf(env, info), &once, sizeof once);
  if (written < 0 && errno != EAGAIN) return throwErrno(env, errno, "write", nullptr);
  return nullptr;
}

/** One thread's ear for a bell, which is not its own to close. */
class Bell {
 public:
  ~Bell() { poll_.close(); }

  static napi_value construct(napi_env env, napi_callback_info info);
  static napi_value closeCall(napi_env env, napi_callback_info info);

 private:
  static void rung(void* self, int status);

  napi_env env_ = nullptr;
  int fd_ = -1;
  Poll poll_;
  napi_ref callback_ = nullptr;
  napi_ref self_ = nullptr;
};

/** new Bell(fd, callback): `callback` is called once for all that rang since. */
napi_value Bell::construct(napi_env env, napi_callback_info info) {
  Call<Bell, 2> call(env, info);
  napi_valuetype type = napi_undefined;
  if (call.count > 1) napi_typeof(env, call.values[1], &type);
  if (type != napi_function) return throwMisuse(env, "a descriptor and a callback are needed");
  auto* bell = new Bell();
  bell->env_ = env;
  bell->fd_ = call.integer(0);
  int error = bell->poll_.open(Environment::of(env), bell->fd_, bell, Bell::rung);
  if (error == 0) error = bell->poll_.start();
  if (error != 0) {
    delete bell;
    return throwErrno(env, error, "epoll_ctl", nullptr);
  }
  napi_wrap(env, call.self, bell, [](napi_env, void* data, void*) { delete static_cast<Bell*>(data); }, nullptr, nullptr);
  napi_create_reference(env, call.values[1], 1, &bell->callback_);
  napi_create_reference(env, call.self, 1, &bell->self_);
  return call.self;
}

void Bell::rung(void* self, int) {
  auto* bell = static_cast<Bell*>(self);
  uint64_t times;
  if (::read(bell->fd_, &times, sizeof times) == sizeof times) callBack(bell->env_, bell->callback_, 0);
}

napi_value Bell::closeCall(napi_env env, napi_callback_info info) {
  Call<Bell, 0> call(env, info);
  Bell* bell = call.object;
  if (bell == nullptr) return nullptr;
  bell->poll_.close();
  if (bell->callback_ != nullptr) napi_delete_reference(env, bell->callback_);
  if (bell->self_ != nullptr) napi_delete_reference(env, bell->self_);
  bell->callback_ = bell->self_ = nullptr;
  return nullptr;
}

}  // namespace

void exportQueues(napi_env env, napi_value exports) {
  exportFunction(env, exports, "openQueue", openQueue);
  exportFunction(env, exports, "duplicate", duplicate);
  exportFunction(env, exports, "makeBell", makeBell);
  exportFunction(env, exports, "ring", ring);
  const napi_property_descriptor methods[] = {method("close", Bell::closeCall)};
  napi_value constructor;
  napi_define_class(env, "Bell", NAPI_AUTO_LENGTH, Bell::construct, nullptr, 1, methods, &constructor);
  napi_set_named_property(env, exports, "Bell", constructor);
}

}  // namespace tunstack
