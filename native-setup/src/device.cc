#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <initializer_list>

#include "arguments.h"
#include "classes.h"
#include "device.h"
#include "errors.h"

namespace tunstack {

/** Integers of the status array: why the last batch read ended, why the last packet was not written, a bad row, why no ring. */
enum Status { kReadError, kWriteError, kBadRow, kRingError, kStatusSize };

static napi_value property(napi_env env, napi_value object, const char* key) {
  napi_value value = nullptr;
  napi_get_named_property(env, object, key, &value);
  return value;
}

static int64_t integerProperty(napi_env env, napi_value object, const char* key, int64_t otherwise) {
  int64_t value = otherwise;
  if (napi_get_value_int64(env, property(env, object, key), &value) != napi_ok) return otherwise;
  return value;
}

static bool booleanProperty(napi_env env, napi_value object, const char* key) {
  bool value = false;
  napi_get_value_bool(env, property(env, object, key), &value);
  return value;
}

static TunSettings readSettings(napi_env env, napi_value options) {
  TunSettings settings;
  napi_get_value_string_utf8(env, property(env, options, "name"), settings.name, sizeof settings.name, nullptr);
  settings.fd = static_cast<int>(integerProperty(env, options, "fd", -1));
  settings.multiQueue = booleanProperty(env, options, "multiQueue");
  settings.persist = static_cast<int>(integerProperty(env, options, "persist", -1));
  settings.owner = integerProperty(env, options, "owner", -1);
  settings.group = integerProperty(env, options, "group", -1);
  settings.offload = static_cast<uint32_t>(integerProperty(env, options, "offload", 0));
  return settings;
}

bool Device::takeMemory(napi_env env, napi_value options) {
  memory_ = memoryOf(env, property(env, options, "memory"));
  input_ = rowsOf(env, property(env, options, "input"));
  output_ = rowsOf(env, property(env, options, "output"));
  size_t length = 0;
  status_ = elements<int32_t>(env, property(env, options, "status"), napi_int32_array, &length);
  const int64_t slab = integerProperty(env, options, "slab", -1);
  const int64_t size = integerProperty(env, options, "slabSize", 0);
  if (memory_.bytes == nullptr || input_.rows == nullptr || output_.rows == nullptr || status_ == nullptr) return false;
  if (length < kStatusSize || slab < 0 || size < 2 * static_cast<int64_t>(kLargestPacket)) return false;
  if (static_cast<uint64_t>(slab) + static_cast<uint64_t>(size) > memory_.size || memory_.size > INT32_MAX) return false;
  wantsRing_ = booleanProperty(env, options, "ring");
  wantsTrains_ = booleanProperty(env, options, "gro");
  slab_ = static_cast<size_t>(slab);
  slabSize_ = static_cast<size_t>(size);
  return true;
}

/** new Device(options): see src/device/addon.ts. */
napi_value Device::construct(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  if (call.count < 1) return throwMisuse(env, "options are needed");
  napi_value options = call.values[0];
  auto* device = new Device();
  device->env_ = env;
  if (!device->takeMemory(env, options)) {
    delete device;
    return throwMisuse(env, "memory, slab, input, output and status do not fit each other");
  }
  const TunSettings settings = readSettings(env, options);
  const int error = device->tun_.open(settings);
  if (error != 0) {
    throwErrno(env, error, device->tun_.syscall, settings.name, device->tun_.hint);
    delete device;
    return nullptr;
  }
  Environment* environment = Environment::of(env);
  const int polled = device->readable_.open(environment, device->tun_.fd(), device, [](void* self, int status) {
    auto* device = static_cast<Device*>(self);
    callBack(device->env_, device->onReadable_, status);
  });
  if (polled != 0) {
    throwErrno(env, polled, "epoll_ctl", device->tun_.name());
    if (settings.fd >= 0) device->tun_.letGo();
    delete device;
    return nullptr;
  }
  device->openLink(environment);
  LinkState state;
  if (settings.fd >= 0 && device->query_.getLink(device->index_, &state) == 0 && state.hasPacketInformation) {
    device->tun_.expectPacketInformation();
  }
  device->hold(env, call.self, options);
  return call.self;
}

void Device::hold(napi_env env, napi_value self, napi_value options) {
  napi_wrap(env, self, this, [](napi_env, void* data, void*) { delete static_cast<Device*>(data); }, nullptr, nullptr);
  napi_create_reference(env, self, 1, &self_);
  napi_create_reference(env, options, 1, &options_);
  napi_create_reference(env, property(env, options, "onReadable"), 1, &onReadable_);
  napi_create_reference(env, property(env, options, "onLink"), 1, &onLink_);
}

void Device::close() {
  readable_.close();
  linkChanges_.close();
  ring_.close();
  tun_.close();
  query_.close();
  watch_.close();
}

/** Lets the collector have the arrays and callbacks. Not at the environment's end, which does it itself. */
void Device::forget(napi_env env) {
  for (napi_ref* reference : {&onReadable_, &onLink_, &options_, &self_}) {
    if (*reference != nullptr) napi_delete_reference(env, *reference);
    *reference = nullptr;
  }
}

/** read(): packets read into the input rows; the status array says why there are not more. */
napi_value Device::read(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  Device* device = call.object;
  if (device == nullptr || device->tun_.fd() < 0) return makeInteger(env, 0);
  const BatchResult result = readBatch(device->tun_.fd(), device->tun_.prefix(), device->memory_, device->slab_,
                                       device->slabSize_, device->input_, device->wantsTrains_ && device->tun_.offload() == 0);
  device->status_[kReadError] = result.error;
  return makeInteger(env, result.count);
}

BatchResult Device::write(int count) {
  const uint32_t offload = tun_.offload();
  if (wantsRing_ && offload == 0) return writeBatch(tun_.fd(), tun_.prefix(), memory_, output_, count, ring_);
  return writeBatch(tun_.fd(), tun_.prefix(), memory_, output_, count, (offload & TUN_F_CSUM) != 0);
}

/** flush(count): packets written of the output rows' first `count`. */
napi_value Device::flush(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  Device* device = call.object;
  const int32_t count = call.integer(0);
  if (device == nullptr || device->tun_.fd() < 0) return makeInteger(env, 0);
  if (count < 0 || count > device->output_.capacity) return throwMisuse(env, "more packets than rows");
  const BatchResult result = device->write(count);
  device->status_[kWriteError] = result.error;
  device->status_[kBadRow] = result.badRow;
  device->status_[kRingError] = device->ring_.error();
  return makeInteger(env, result.count);
}

/** start(): have `onReadable` called while there is something to read. May be repeated. */
napi_value Device::start(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  if (call.object == nullptr) return nullptr;
  const int error = call.object->readable_.start();
  return error == 0 ? nullptr : throwErrno(env, error, "epoll_ctl", call.object->tun_.name());
}

napi_value Device::stop(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  if (call.object != nullptr) call.object->readable_.stop();
  return nullptr;
}

/** reference(on): whether waiting for packets keeps the process alive. */
napi_value Device::reference(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  bool on = true;
  if (call.count > 0) napi_get_value_bool(env, call.values[0], &on);
  if (call.object != nullptr) call.object->readable_.reference(on);
  return nullptr;
}

/** close(keepsDescriptor): may be repeated. A device that is not persistent disappears, unless its descriptor stays open. */
napi_value Device::closeCall(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  if (call.object == nullptr) return nullptr;
  bool keepsDescriptor = false;
  if (call.count > 0) napi_get_value_bool(env, call.values[0], &keepsDescriptor);
  if (keepsDescriptor) call.object->tun_.letGo();
  call.object->close();
  call.object->forget(env);
  return nullptr;
}

napi_value Device::name(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  return call.object == nullptr ? nullptr : makeString(env, call.object->tun_.name());
}

/** inspect(): 0 while the device exists, else an errno. Follows it to another name or network namespace. */
napi_value Device::inspect(napi_env env, napi_callback_info info) {
  Call<Device, 0> call(env, info);
  Device* device = call.object;
  if (device == nullptr || device->tun_.fd() < 0) return makeInteger(env, EBADF);
  const int error = device->tun_.inspect();
  LinkState state;
  if (error == 0 && (device->query_.getLink(device->index_, &state) != 0 ||
                     strcmp(state.name, device->tun_.name()) != 0)) {
    device->openLink(Environment::of(env));
  }
  return makeInteger(env, error);
}

/** attach(create): attaches to a device of the old one's name; 0 or an errno. With `create` the device is made, or throws. */
napi_value Device::attach(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  Device* device = call.object;
  if (device == nullptr || device->tun_.fd() < 0) return makeInteger(env, EBADF);
  bool create = false;
  if (call.count > 0) napi_get_value_bool(env, call.values[0], &create);
  LinkState state;
  if (!create && device->query_.findLink(device->tun_.name(), &state) != 0) return makeInteger(env, ENODEV);
  const uint32_t offload = device->tun_.offload();
  const int error = device->tun_.attach();
  if (error != 0 && create) return throwErrno(env, error, device->tun_.syscall, device->tun_.name(), device->tun_.hint);
  if (error != 0) return makeInteger(env, error);
  device->tun_.setOffload(offload);
  device->openLink(Environment::of(env));
  return makeInteger(env, 0);
}

/** setOffload(bits): 0, or the errno with which the kernel refuses; offloads are off then. */
napi_value Device::setOffload(napi_env env, napi_callback_info info) {
  Call<Device, 1> call(env, info);
  if (call.object == nullptr || call.object->tun_.fd() < 0) return makeInteger(env, EBADF);
  return makeInteger(env, call.object->tun_.setOffload(static_cast<uint32_t>(call.integer(0))));
}

void exportDevice(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      method("read", Device::read),
      method("flush", Device::flush),
      method("start", Device::start),
      method("stop", Device::stop),
      method("reference", Device::reference),
      method("close", Device::closeCall),
      method("name", Device::name),
      method("inspect", Device::inspect),
      method("attach", Device::attach),
      method("setOffload", Device::setOffload),
      method("setLink", Device::setLink),
      method("link", Device::link),
      method("addAddress", Device::addAddress),
      method("clearAddresses", Device::clearAddresses),
      method("address", Device::address),
  };
  napi_value constructor;
  napi_define_class(env, "Device", NAPI_AUTO_LENGTH, Device::construct, nullptr, sizeof methods / sizeof *methods, methods,
                    &constructor);
  napi_set_named_property(env, exports, "Device", constructor);
}

}  // namespace tunstack
