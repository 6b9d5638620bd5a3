// A device of a plugin with one queue, opened through the plugin's entry, and how its functions are called. Needs a
// compiler and grok1_backend.h only: a machine with a GPU may have nothing else. Knows no operator; layers.h has those.
#ifndef GROK1_TESTS_GPU_DEVICE_H
#define GROK1_TESTS_GPU_DEVICE_H

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "grok1_backend.h"

namespace slice {

template <class T>
using Handle = std::shared_ptr<T>;

template <class Slot, class... Arguments>
void call(const char* function, Slot slot, Arguments... arguments) {
  grok1_error err = GROK1_INIT(grok1_error);
  if (slot(arguments..., &err) != GROK1_OK) throw std::runtime_error(std::string(function) + ": " + err.message);
}

// The plugin stays loaded: its library is never closed.
const grok1_backend_descriptor& load(const std::string& plugin);

// Throws what the plugin says where it finds none.
std::vector<std::string> device_names(const grok1_backend_descriptor& plugin);

class Device {
 public:
  Device(const grok1_backend_descriptor& plugin, uint32_t index);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  const grok1_backend_ops& ops() const { return *ops_; }
  grok1_device* handle() const { return device_; }
  grok1_queue* queue() const { return queue_; }
  void sync() const { call("queue_sync", ops_->queue_sync, queue_); }

  // Takes what a create function made; what the queue still does with it is waited for.
  template <class T>
  Handle<T> own(T* made, void(GROK1_CALL* destroy)(T*)) const {
    return Handle<T>(made, [this, destroy](T* object) {
      grok1_error err = GROK1_INIT(grok1_error);
      ops_->queue_sync(queue_, &err);
      destroy(object);
    });
  }

  Handle<grok1_buffer> buffer(uint64_t size, uint32_t memory) const;
  void* map(grok1_buffer* buffer) const;

 private:
  const grok1_backend_ops* ops_ = nullptr;
  grok1_backend* backend_ = nullptr;
  grok1_device* device_ = nullptr;
  grok1_queue* queue_ = nullptr;
};

}  // namespace slice

#endif
