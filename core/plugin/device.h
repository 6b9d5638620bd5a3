// An opened device of a backend, and the two ways in which all of core talks to one: call(), which turns an error of
// the backend into a Failure that names the device, and Owned<T>, which gives things back with the backend's own
// function.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/base/failure.h"
#include "core/plugin/registry.h"

namespace grok1 {

// call(ops.copy, queue, ...): the function's last parameter, the error, is supplied here.
template <class... Params, class... Args>
void call(grok1_status(GROK1_CALL* function)(Params...), Args&&... args) {
  grok1_error error = GROK1_INIT(grok1_error);
  const grok1_status status = function(std::forward<Args>(args)..., &error);
  if (status < 0) throw Failure::from_backend(status, error);
}

template <class T>
using Owned = std::unique_ptr<T, void(GROK1_CALL*)(T*)>;

class Device {
 public:
  // `options` is "key=value,..." for the backend.
  Device(DeviceRef ref, const std::string& options)
      : ref_(std::move(ref)), handle_(nullptr, ref_.backend->ops->device_close) {
    handle_ = make(ref_.backend->ops->device_close, [&](grok1_device** out) {
      this->call(ops().device_open, ref_.backend->handle, ref_.index, options.c_str(), out);
    });
  }

  const grok1_backend_ops& ops() const { return *ref_.backend->ops; }
  grok1_device* get() const { return handle_.get(); }
  const std::string& name() const { return ref_.name; }
  const DeviceRef& ref() const { return ref_; }

  // The same as call(), and the error says which device it was.
  template <class... Params, class... Args>
  void call(grok1_status(GROK1_CALL* function)(Params...), Args&&... args) const {
    grok1_error error = GROK1_INIT(grok1_error);
    const grok1_status status = function(std::forward<Args>(args)..., &error);
    if (status >= 0) return;
    const Failure failure = Failure::from_backend(status, error);
    throw Failure(failure.status(), fmt::format("{}: {}", name(), failure.message()), failure.source(),
                  failure.native_code());
  }

  // What the backend says of it now.
  grok1_backend_device info() const { return info(ref_); }
  static grok1_backend_device info(const DeviceRef& ref) {
    grok1_backend_device info = GROK1_INIT(grok1_backend_device);
    grok1::call(ref.backend->ops->device_info, ref.backend->handle, ref.index, &info);
    return info;
  }

  // The backend's sums among its devices; NULL where it has none.
  const grok1_comm_ops* comm_ops() const { return comm_ops(ref_); }
  static const grok1_comm_ops* comm_ops(const DeviceRef& ref) { return extension<grok1_comm_ops>(ref, "grok1.comm/1"); }

  // What it measures of itself; NULL where it does not.
  const grok1_measure_ops* measure_ops() const { return extension<grok1_measure_ops>(ref_, "grok1.measure/1"); }

  // How it shows the inputs of linear layers; NULL where it does not.
  const grok1_inputs_ops* inputs_ops() const { return extension<grok1_inputs_ops>(ref_, "grok1.inputs/1"); }

  // Owned<T> of what `create(T**)` makes.
  template <class T, class Create>
  static Owned<T> make(void(GROK1_CALL* free)(T*), Create&& create) {
    T* made = nullptr;
    create(&made);
    return {made, free};
  }
  Owned<grok1_buffer> buffer(uint64_t size, uint32_t memory = GROK1_MEMORY_DEVICE) const {
    return make(ops().buffer_free,
                [&](grok1_buffer** out) { this->call(ops().buffer_alloc, get(), size, memory, out); });
  }
  Owned<grok1_queue> queue() const {
    return make(ops().queue_destroy, [&](grok1_queue** out) { this->call(ops().queue_create, get(), out); });
  }

 private:
  template <class Ops>
  static const Ops* extension(const DeviceRef& ref, const char* id) {
    if (ref.backend->ops->get_extension == nullptr) return nullptr;
    const auto* found = static_cast<const Ops*>(ref.backend->ops->get_extension(ref.backend->handle, id));
    return found != nullptr && found->struct_size >= sizeof(Ops) ? found : nullptr;
  }

  DeviceRef ref_;
  Owned<grok1_device> handle_;
};

}  // namespace grok1
