#include "environment.h"

namespace tunstack {

/** The part of a Poll that libuv holds on to until its close callback. */
struct Handle {
  uv_poll_t poll;
  Environment* environment;
  Poll* owner;
  void* target;
  Poll::Ready ready;
  Handle* next;
  Handle* previous;
};

napi_status Environment::create(napi_env env) {
  auto* environment = new Environment();
  environment->env = env;
  napi_status status = napi_get_uv_event_loop(env, &environment->loop);
  if (status != napi_ok) return status;
  status = napi_set_instance_data(
      env, environment, [](napi_env, void* data, void*) { static_cast<Environment*>(data)->release(1); }, nullptr);
  if (status != napi_ok) return status;
  return napi_add_async_cleanup_hook(env, Environment::end, environment, &environment->hook_);
}

Environment* Environment::of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Environment*>(data);
}

void Environment::end(napi_async_cleanup_hook_handle hook, void* data) {
  auto* environment = static_cast<Environment*>(data);
  environment->hook_ = hook;
  environment->isEnding_ = true;
  environment->references_ += 2;  // the hook's own, and that of the "handle" counted here so that none is enough
  environment->closing_++;
  while (environment->handles_ != nullptr) environment->closeHandle(environment->handles_);
  environment->handleClosed();
}

void Environment::closeHandle(Handle* handle) {
  if (handle->previous != nullptr) handle->previous->next = handle->next;
  else handles_ = handle->next;
  if (handle->next != nullptr) handle->next->previous = handle->previous;
  handle->owner->handle_ = nullptr;
  handle->owner = nullptr;
  closing_++;
  references_++;
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->poll), [](uv_handle_t* closed) {
    auto* handle = static_cast<Handle*>(closed->data);
    Environment* environment = handle->environment;
    delete handle;
    environment->handleClosed();
  });
}

/** One handle less to wait for; the last one lets the environment end. */
void Environment::handleClosed() {
  int references = 1;
  if (--closing_ == 0 && isEnding_ && hook_ != nullptr) {
    napi_async_cleanup_hook_handle hook = hook_;
    hook_ = nullptr;
    napi_remove_async_cleanup_hook(hook);
    references = 2;
  }
  release(references);
}

void Environment::release(int references) {
  references_ -= references;
  if (references_ == 0) delete this;
}

int Poll::open(Environment* environment, int fd, void* owner, Ready ready) {
  auto* handle = new Handle();
  const int status = uv_poll_init(environment->loop, &handle->poll, fd);
  if (status != 0) {
    delete handle;
    return -status;
  }
  handle->poll.data = handle;
  handle->environment = environment;
  handle->owner = this;
  handle->target = owner;
  handle->ready = ready;
  handle->next = environment->handles_;
  if (handle->next != nullptr) handle->next->previous = handle;
  environment->handles_ = handle;
  handle_ = handle;
  return 0;
}

int Poll::start() {
  if (handle_ == nullptr) return 0;
  return -uv_poll_start(&handle_->poll, UV_READABLE, [](uv_poll_t* poll, int status, int) {
    auto* handle = static_cast<Handle*>(poll->data);
    if (handle->owner != nullptr) handle->ready(handle->target, status);
  });
}

void Poll::stop() {
  if (handle_ != nullptr) uv_poll_stop(&handle_->poll);
}

void Poll::reference(bool on) {
  if (handle_ == nullptr) return;
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_->poll);
  if (on) uv_ref(handle);
  else uv_unref(handle);
}

void Poll::close() {
  if (handle_ != nullptr) handle_->environment->closeHandle(handle_);
}

void callBack(napi_env env, napi_ref function, int argument) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callee, receiver, value, result;
  if (napi_get_reference_value(env, function, &callee) == napi_ok && callee != nullptr &&
      napi_get_global(env, &receiver) == napi_ok && napi_create_int32(env, argument, &value) == napi_ok) {
    const napi_status status = napi_make_callback(env, nullptr, receiver, callee, 1, &value, &result);
    napi_value exception;
    if (status == napi_pending_exception && napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
      napi_fatal_exception(env, exception);
    }
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace tunstack
