// A range of a device buffer that an operator reads or writes, with sentinels in front and behind: reading it back
// fails the test where they were overwritten. Knows no operator.
#ifndef GROK1_TESTS_CONFORMANCE_REGION_H
#define GROK1_TESTS_CONFORMANCE_REGION_H

#include <string>
#include <vector>

#include "tests/conformance/device.h"

namespace grok1::conformance {

Handle<grok1_buffer> make_buffer(Device& device, uint64_t size, uint32_t memory);
void* map(Device& device, grok1_buffer* buffer);

class Region {
 public:
  // `name` is for messages. The content is undefined bytes that are no finite float, until written.
  Region(Device& device, const char* name, size_t bytes, uint32_t memory = GROK1_MEMORY_DEVICE);
  Region(Device& device, const char* name, const std::vector<float>& content, uint32_t memory = GROK1_MEMORY_DEVICE);

  grok1_buffer* buffer() const { return buffer_.get(); }
  uint64_t offset() const { return kFront; }

  void write(const void* bytes);
  std::vector<float> floats() const;
  std::vector<int32_t> ints() const;

 private:
  // 65 floats: an offset is only promised to be a multiple of 4.
  static constexpr size_t kFront = 260, kBehind = 256;

  void read(void* bytes) const;
  void check_sentinels(const unsigned char* all) const;
  Handle<grok1_buffer> staging() const;

  Device* device_;
  std::string name_;
  size_t bytes_;
  uint32_t memory_;
  Handle<grok1_buffer> buffer_;
};

}  // namespace grok1::conformance

#endif
