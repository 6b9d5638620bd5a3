// Sentinels and copies through host memory; what they are for is in region.h.
#include "tests/conformance/region.h"

#include <cstring>

namespace grok1::conformance {
namespace {

constexpr unsigned char kSentinel = 0xa5;
constexpr unsigned char kUnwritten = 0xff;  // as a float: NaN, so that a row that is added to, not written, shows

}  // namespace

Handle<grok1_buffer> make_buffer(Device& device, uint64_t size, uint32_t memory) {
  grok1_buffer* buffer = nullptr;
  call("buffer_alloc", device.ops().buffer_alloc, device.handle(), size, memory, &buffer);
  return device.own(buffer, device.ops().buffer_free);
}

void* map(Device& device, grok1_buffer* buffer) {
  void* address = nullptr;
  call("buffer_map", device.ops().buffer_map, buffer, &address);
  if (address == nullptr) throw std::runtime_error("buffer_map succeeded with a NULL address");
  return address;
}

Region::Region(Device& device, const char* name, size_t bytes, uint32_t memory)
    : device_(&device),
      name_(name),
      bytes_(bytes),
      memory_(memory),
      buffer_(make_buffer(device, kFront + bytes + kBehind, memory)) {
  write(std::vector<unsigned char>(bytes, kUnwritten).data());
}

Region::Region(Device& device, const char* name, const std::vector<float>& content, uint32_t memory)
    : Region(device, name, content.size() * sizeof(float), memory) {
  write(content.data());
}

// The buffer itself where the host can map it, otherwise one to copy from and to.
Handle<grok1_buffer> Region::staging() const {
  return memory_ == GROK1_MEMORY_HOST ? buffer_ : make_buffer(*device_, kFront + bytes_ + kBehind, GROK1_MEMORY_HOST);
}

void Region::write(const void* bytes) {
  const Handle<grok1_buffer> stage = staging();
  device_->sync();
  auto* all = static_cast<unsigned char*>(map(*device_, stage.get()));
  std::memset(all, kSentinel, kFront + bytes_ + kBehind);
  if (bytes_ != 0) std::memcpy(all + kFront, bytes, bytes_);
  if (stage == buffer_) return;
  call("copy", device_->ops().copy, device_->queue(), buffer_.get(), uint64_t(0),
       static_cast<const grok1_buffer*>(stage.get()), uint64_t(0), uint64_t(kFront + bytes_ + kBehind));
  device_->sync();
}

void Region::read(void* bytes) const {
  const Handle<grok1_buffer> stage = staging();
  if (stage != buffer_)
    call("copy", device_->ops().copy, device_->queue(), stage.get(), uint64_t(0),
         static_cast<const grok1_buffer*>(buffer_.get()), uint64_t(0), uint64_t(kFront + bytes_ + kBehind));
  device_->sync();
  const auto* all = static_cast<const unsigned char*>(map(*device_, stage.get()));
  check_sentinels(all);
  if (bytes_ != 0) std::memcpy(bytes, all + kFront, bytes_);
}

void Region::check_sentinels(const unsigned char* all) const {
  for (size_t i = 0; i < kFront + bytes_ + kBehind; ++i) {
    if (i == kFront) i += bytes_;
    if (all[i] == kSentinel) continue;
    ADD_FAILURE() << name_ << ", " << bytes_ << " bytes: byte " << int64_t(i) - int64_t(kFront)
                  << " counted from its begin was overwritten; a result must stay inside its shape";
    return;
  }
}

std::vector<float> Region::floats() const {
  std::vector<float> values(bytes_ / sizeof(float));
  read(values.data());
  return values;
}

std::vector<int32_t> Region::ints() const {
  std::vector<int32_t> values(bytes_ / sizeof(int32_t));
  read(values.data());
  return values;
}

}  // namespace grok1::conformance
