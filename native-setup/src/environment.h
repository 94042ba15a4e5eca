#pragma once
#include <node_api.h>
#include <uv.h>

namespace tunstack {

class Poll;
struct Handle;

/**
 * What belongs to one JavaScript environment, the main thread's or a worker's: its event loop and its open poll handles.
 *
 * When the environment ends (`worker.terminate()`, the natural end of a program) an asynchronous clean-up hook closes
 * the handles and holds the end back until libuv has let go of them; a loop torn down with an open handle aborts.
 */
class Environment {
 public:
  /** Makes the environment's state and hangs it on `env`. */
  static napi_status create(napi_env env);
  static Environment* of(napi_env env);

  napi_env env;
  uv_loop_t* loop = nullptr;

 private:
  friend class Poll;
  static void end(napi_async_cleanup_hook_handle hook, void* data);
  void closeHandle(Handle* handle);
  void handleClosed();
  void release(int references);

  napi_async_cleanup_hook_handle hook_ = nullptr;
  Handle* handles_ = nullptr;
  int closing_ = 0;
  int references_ = 1;
  bool isEnding_ = false;
};

/** Readability of one file descriptor, told to its owner on the loop's thread. */
class Poll {
 public:
  /** `status` is 0, or a negative errno when polling has failed and stopped (a deleted device). */
  using Ready = void (*)(void* owner, int status);

  Poll() = default;
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  ~Poll() { close(); }

  /** Returns 0 or an errno. */
  int open(Environment* environment, int fd, void* owner, Ready ready);
  /** Returns 0 or an errno. May be repeated. */
  int start();
  void stop();
  /** Whether an active handle keeps the process alive. */
  void reference(bool on);
  /** May be repeated. The descriptor may be closed as soon as this returns. */
  void close();
  bool isOpen() const { return handle_ != nullptr; }

 private:
  friend class Environment;
  friend struct Handle;
  Handle* handle_ = nullptr;
};

/** Calls the referenced function with one integer, from the event loop. An exception is the process's uncaught one. */
void callBack(napi_env env, napi_ref function, int argument);

}  // namespace tunstack
