// The plugin's descriptor, its device 0, and what it says it can do.
#include "tests/conformance/suite.h"
#include "tests/conformance/tensor.h"

namespace grok1::conformance {
namespace {

TEST(Descriptor, SaysWhoItIs) {
  const grok1_backend_descriptor& d = *suite().descriptor;
  EXPECT_GE(d.struct_size, sizeof(grok1_backend_descriptor));
  ASSERT_NE(d.id, nullptr);
  EXPECT_NE(*d.id, 0) << "id: short, lower case, [a-z0-9_]";
  EXPECT_EQ(std::strspn(d.id, "abcdefghijklmnopqrstuvwxyz0123456789_"), std::strlen(d.id)) << d.id;
  ASSERT_NE(d.vendor, nullptr);
  ASSERT_NE(d.version, nullptr);
  EXPECT_EQ(d.flags & ~uint32_t(GROK1_BACKEND_EXPLICIT_ONLY), 0u);
  EXPECT_GE(candidate().ops().struct_size, offsetof(grok1_backend_ops, logits) + sizeof(candidate().ops().logits));
  EXPECT_EQ(candidate().ops().reserved, 0u);
}

TEST(DeviceInfo, DescribesTheDevice) {
  const grok1_backend_device& info = candidate().info();
  EXPECT_NE(std::memchr(info.name, 0, sizeof info.name), nullptr);
  EXPECT_STRNE(info.name, "");
  EXPECT_TRUE(info.kind == GROK1_DEVICE_CPU || info.kind == GROK1_DEVICE_GPU || info.kind == GROK1_DEVICE_OTHER);
  EXPECT_EQ(info.flags & ~uint32_t(GROK1_DEVICE_IN_PLACE | GROK1_DEVICE_ASYNC | GROK1_DEVICE_PREFERS_COPY), 0u);
  EXPECT_GT(info.memory_total, 0u);
  EXPECT_LE(info.memory_free, info.memory_total);
}

TEST(DeviceInfo, RefusesAnIndexPastTheLast) {
  uint32_t count = 0;
  call("device_count", candidate().ops().device_count, candidate().backend(), &count);
  grok1_backend_device info = GROK1_INIT(grok1_backend_device);
  expect_refused("device_info past the last device", candidate().ops().device_info, candidate().backend(), count,
                 &info);
  grok1_device* device = nullptr;
  expect_refused("device_open past the last device", candidate().ops().device_open, candidate().backend(), count, "",
                 &device);
}

TEST(Supports, WhatEveryBackendMust) {
  for (size_t i = 0; i < kMandatoryFormats; ++i) {
    const Format& f = kLinearFormats[i];
    EXPECT_EQ(candidate().unsupported(GROK1_SUPPORT_LINEAR, f.encoding, f.scale_encoding, f.order), "") << f.name();
  }
  const char contract[] =
      "Every backend supports F32 and I8 with BF16 scales as KN, F32 as NK, F32 vectors and an F32 cache";
  EXPECT_EQ(candidate().unsupported(GROK1_SUPPORT_EMBEDDING, GROK1_ENCODING_F32), "") << contract;
  EXPECT_EQ(candidate().unsupported(GROK1_SUPPORT_VECTOR, GROK1_ENCODING_F32), "") << contract;
  EXPECT_EQ(candidate().unsupported(GROK1_SUPPORT_CACHE, GROK1_CACHE_F32), "") << contract;
}

TEST(Supports, NotWhatDoesNotExist) {
  EXPECT_NE(candidate().unsupported(GROK1_SUPPORT_LINEAR, 999, GROK1_ENCODING_NONE, GROK1_ORDER_KN), "");
  EXPECT_NE(candidate().unsupported(GROK1_SUPPORT_LINEAR, GROK1_ENCODING_I8, GROK1_ENCODING_BF16, GROK1_ORDER_NK), "")
      << "order: I8 only as KN";
  EXPECT_NE(candidate().unsupported(GROK1_SUPPORT_LINEAR, GROK1_ENCODING_F32, GROK1_ENCODING_NONE, 999), "");
  EXPECT_NE(candidate().unsupported(GROK1_SUPPORT_VECTOR, GROK1_ENCODING_I8), "") << "F32 or BF16 or F16";
  EXPECT_NE(candidate().unsupported(GROK1_SUPPORT_CACHE, 999), "");
  EXPECT_NE(candidate().unsupported(999, 1), "");
}

TEST(DeviceOpen, IgnoresUnknownOptionsAndRefusesBadValues) {
  const Device unknown(*suite().descriptor, suite().device, "no_backend_knows_this_key=1");
  if (!candidate().is_cpu()) GTEST_SKIP() << "not a CPU device: no option is known to every such backend";
  grok1_device* device = nullptr;
  for (const char* options : {"threads=many", "threads=", "threads=-1"})
    EXPECT_EQ(
        expect_refused(options, candidate().ops().device_open, candidate().backend(), suite().device, options, &device),
        GROK1_E_INVALID_ARGUMENT)
        << "a bad value is GROK1_E_INVALID_ARGUMENT";
}

TEST(DeviceOpen, TwiceAtTheSameTime) {
  auto first = std::make_unique<Device>(*suite().descriptor, suite().device, suite().options);
  const Device second(*suite().descriptor, suite().device, suite().options);
  grok1_device* third = nullptr;
  call("device_open", second.ops().device_open, second.backend(), suite().device, suite().options.c_str(), &third);
  second.ops().device_close(third);
  first.reset();
  second.sync();  // still usable
}

}  // namespace
}  // namespace grok1::conformance
