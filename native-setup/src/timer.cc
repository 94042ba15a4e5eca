#include <errno.h>
#include <math.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "arguments.h"
#include "classes.h"
#include "environment.h"
#include "errors.h"

namespace tunstack {

namespace {

/** One deadline on CLOCK_MONOTONIC, finer than the loop's milliseconds. */
class Timer {
 public:
  ~Timer() { close(); }

  static napi_value construct(napi_env env, napi_callback_info info);
  static napi_value armAt(napi_env env, napi_callback_info info);
  static napi_value disarm(napi_env env, napi_callback_info info);
  static napi_value reference(napi_env env, napi_callback_info info);
  static napi_value closeCall(napi_env env, napi_callback_info info);

 private:
  static void ready(void* self, int status);
  void close();

  napi_env env_ = nullptr;
  int fd_ = -1;
  Poll poll_;
  napi_ref callback_ = nullptr;
  napi_ref self_ = nullptr;
};

napi_value Timer::construct(napi_env env, napi_callback_info info) {
  Call<Timer, 1> call(env, info);
  napi_valuetype type = napi_undefined;
  if (call.count > 0) napi_typeof(env, call.values[0], &type);
  if (type != napi_function) return throwMisuse(env, "a callback is needed");
  auto* timer = new Timer();
  timer->env_ = env;
  timer->fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  int error = timer->fd_ < 0 ? errno : 0;
  const char* syscall = "timerfd_create";
  if (error == 0) {
    syscall = "epoll_ctl";
    error = timer->poll_.open(Environment::of(env), timer->fd_, timer, Timer::ready);
  }
  if (error == 0) error = timer->poll_.start();
  if (error != 0) {
    delete timer;
    return throwErrno(env, error, syscall, nullptr);
  }
  napi_wrap(env, call.self, timer, [](napi_env, void* data, void*) { delete static_cast<Timer*>(data); }, nullptr, nullptr);
  napi_create_reference(env, call.values[0], 1, &timer->callback_);
  napi_create_reference(env, call.self, 1, &timer->self_);
  return call.self;
}

void Timer::ready(void* self, int) {
  auto* timer = static_cast<Timer*>(self);
  uint64_t expirations;
  // Nothing to read: it was armed again in the meantime.
  if (::read(timer->fd_, &expirations, sizeof expirations) != sizeof expirations) return;
  callBack(timer->env_, timer->callback_, 0);
}

/** armAt(microseconds): on CLOCK_MONOTONIC; a moment that has passed fires at once. */
napi_value Timer::armAt(napi_env env, napi_callback_info info) {
  Call<Timer, 1> call(env, info);
  if (call.object == nullptr || call.object->fd_ < 0) return nullptr;
  // Rounded up: a timer must not fire before its deadline.
  const double nanoseconds = ceil(call.real(0) * 1000);
  itimerspec at = {};
  if (nanoseconds < 9e18 && nanoseconds > 0) {
    const int64_t whole = static_cast<int64_t>(nanoseconds);
    at.it_value.tv_sec = whole / 1000000000;
    at.it_value.tv_nsec = whole % 1000000000;
  } else {
    at.it_value.tv_nsec = 1;
    if (nanoseconds >= 9e18) at.it_value.tv_sec = 9000000000;
  }
  if (::timerfd_settime(call.object->fd_, TFD_TIMER_ABSTIME, &at, nullptr) != 0) {
    return throwErrno(env, errno, "timerfd_settime", nullptr);
  }
  return nullptr;
}

napi_value Timer::disarm(napi_env env, napi_callback_info info) {
  Call<Timer, 0> call(env, info);
  const itimerspec never = {};
  if (call.object != nullptr && call.object->fd_ >= 0) ::timerfd_settime(call.object->fd_, 0, &never, nullptr);
  return nullptr;
}

/** reference(on): whether the timer keeps the process alive. */
napi_value Timer::reference(napi_env env, napi_callback_info info) {
  Call<Timer, 1> call(env, info);
  bool on = true;
  if (call.count > 0) napi_get_value_bool(env, call.values[0], &on);
  if (call.object != nullptr) call.object->poll_.reference(on);
  return nullptr;
}

napi_value Timer::closeCall(napi_env env, napi_callback_info info) {
  Call<Timer, 0> call(env, info);
  Timer* timer = call.object;
  if (timer == nullptr) return nullptr;
  timer->close();
  if (timer->callback_ != nullptr) napi_delete_reference(env, timer->callback_);
  if (timer->self_ != nullptr) napi_delete_reference(env, timer->self_);
  timer->callback_ = timer->self_ = nullptr;
  return nullptr;
}

void Timer::close() {
  poll_.close();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace

void exportTimer(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      method("armAt", Timer::armAt),
      method("disarm", Timer::disarm),
      method("reference", Timer::reference),
      method("close", Timer::closeCall),
  };
  napi_value constructor;
  napi_define_class(env, "Timer", NAPI_AUTO_LENGTH, Timer::construct, nullptr, sizeof methods / sizeof *methods, methods,
                    &constructor);
  napi_set_named_property(env, exports, "Timer", constructor);
}

}  // namespace tunstack
