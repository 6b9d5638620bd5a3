// Backends linked into this program: the table slot by slot, padding, and that whatever was opened is closed.
#include "core/plugin/open_backend.h"

#include <cstddef>
#include <cstring>

#include "core/plugin/negotiate.h"
#include "core/plugin/operator_table.h"
#include "core/plugin/refusal.h"
#include "tests/unit/plugin/plugins.h"

namespace grok1::plugin_test {
namespace {

int opened = 0, closed = 0;
grok1_backend_ops table;
const grok1_backend_host* seen_host = nullptr;
char backend_place;

void GROK1_CALL any_function() {}
void GROK1_CALL close_backend(grok1_backend*) {
  ++closed;
}
grok1_status GROK1_CALL count_one(grok1_backend*, uint32_t* count, grok1_error*) {
  *count = 1;
  return GROK1_OK;
}
grok1_status GROK1_CALL count_throws(grok1_backend*, uint32_t*, grok1_error*) {
  throw 1;
}
grok1_status GROK1_CALL open_backend(const grok1_backend_host* host, grok1_backend** backend,
                                     const grok1_backend_ops** ops, grok1_error*) {
  ++opened;
  seen_host = host;
  *backend = reinterpret_cast<grok1_backend*>(&backend_place);
  *ops = &table;
  return GROK1_OK;
}
grok1_status GROK1_CALL open_endless(const grok1_backend_host*, grok1_backend**, const grok1_backend_ops**,
                                     grok1_error* error) {
  std::memset(error->message, 'x', sizeof error->message);  // no NUL
  return GROK1_E_BACKEND;
}

const grok1_backend_descriptor kDescriptor = {sizeof(grok1_backend_descriptor),
                                              GROK1_BACKEND_MAGIC,
                                              GROK1_BACKEND_ABI_MAJOR,
                                              GROK1_BACKEND_ABI_MINOR,
                                              GROK1_BACKEND_EXPLICIT_ONLY,
                                              "linked",
                                              "test",
                                              "2.5",
                                              open_backend};

constexpr size_t kHead = offsetof(grok1_backend_ops, close);
constexpr size_t kSlots = (sizeof(grok1_backend_ops) - kHead) / sizeof(grok1_proc);

class OpenBackends : public testing::Test {
 protected:
  void SetUp() override {
    opened = closed = 0;
    table = {};
    for (size_t slot = 0; slot < kSlots; ++slot) set_slot(slot, any_function);
    table.struct_size = sizeof table;
    table.close = close_backend;
    table.device_count = count_one;
  }
  static void set_slot(size_t slot, grok1_proc function) {
    std::memcpy(reinterpret_cast<char*>(&table) + kHead + slot * sizeof function, &function, sizeof function);
  }
  // A registry of this one backend.
  static Runtime run(const grok1_backend_descriptor& descriptor, int times = 1) {
    std::vector<const grok1_backend_descriptor*> list(times, &descriptor);
    grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
    options.backends = list.data();
    options.n_backends = list.size();
    options.flags = GROK1_RUNTIME_NO_SEARCH;
    return Runtime(options);
  }
};

// The names of the slots in their order, read from the header's text.
std::vector<std::string> slots_of_header() {
  const std::string header = read_bytes(GROK1_SOURCE_DIR "/include/grok1_backend.h");
  const size_t begin = header.find("typedef struct grok1_backend_ops {"), end = header.find("} grok1_backend_ops;");
  const std::string text = header.substr(begin, end - begin);
  const std::string mark = "(GROK1_CALL *";
  std::vector<std::string> names;
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const size_t name = at + mark.size();
    names.push_back(text.substr(name, text.find(')', name) - name));
  }
  return names;
}

TEST_F(OpenBackends, EverySlotButGetExtensionIsRequiredByName) {
  const std::vector<std::string> names = slots_of_header();
  ASSERT_EQ(names.size(), kSlots);
  for (size_t slot = 0; slot < kSlots; ++slot) {
    SetUp();
    set_slot(slot, nullptr);
    const Runtime runtime = run(kDescriptor);
    if (names[slot] == "get_extension") {
      runtime.expect("(linked in)", GROK1_LOAD_LOADED, "");
    } else {
      runtime.expect("(linked in)", GROK1_LOAD_MISSING_FUNCTION, "lacks " + names[slot] + "; every slot");
      EXPECT_EQ(closed, names[slot] == "close" ? 0 : 1) << "what was opened must be closed";
    }
  }
}

TEST_F(OpenBackends, AShortTableEndsWhereItsSizeSays) {
  const std::vector<std::string> names = slots_of_header();
  for (const size_t covered : {size_t{0}, size_t{3}, kSlots - 1}) {
    SetUp();
    table.struct_size = static_cast<uint32_t>(kHead + covered * sizeof(grok1_proc) + 7);  // and most of the next slot
    const Runtime runtime = run(kDescriptor);
    runtime.expect("(linked in)", GROK1_LOAD_MISSING_FUNCTION, "lacks " + names[covered]);
    EXPECT_EQ(opened, 1);
    EXPECT_EQ(closed, covered == 0 ? 0 : 1);
  }
  SetUp();
  table.struct_size = static_cast<uint32_t>(offsetof(grok1_backend_ops, attention) + 3);
  const grok1_backend_ops padded = padded_copy(table);
  EXPECT_EQ(padded.struct_size, sizeof padded);
  EXPECT_EQ(padded.embed, table.embed);
  EXPECT_EQ(padded.attention, nullptr);
  EXPECT_EQ(padded.logits, nullptr);
}

TEST_F(OpenBackends, ATableOfTheFutureIsUsedAsItIs) {
  table.struct_size = sizeof table + 80;
  const Runtime runtime = run(kDescriptor);
  runtime.expect("(linked in)", GROK1_LOAD_LOADED, "");
  EXPECT_EQ(runtime.registry.device(0)->backend->ops, &table);
}

TEST_F(OpenBackends, LinkedInBackendsComeFirstAndAreClosedOnce) {
  {
    const Runtime runtime = run(kDescriptor, 2);
    ASSERT_EQ(runtime.registry.n_entries(), 2u);
    const LoadEntry &first = *runtime.registry.entry(0), &second = *runtime.registry.entry(1);
    EXPECT_EQ(first.state, GROK1_LOAD_LOADED);
    EXPECT_EQ(first.backend, "linked");
    EXPECT_EQ(first.path, "(linked in)");
    EXPECT_EQ(first.version, "2.5");
    EXPECT_EQ(first.n_devices, 1u);
    EXPECT_EQ(second.state, GROK1_LOAD_SHADOWED);
    EXPECT_EQ(runtime.registry.device(0)->backend->flags, uint32_t{GROK1_BACKEND_EXPLICIT_ONLY});
    EXPECT_EQ(opened, 1);
    EXPECT_EQ(closed, 0);
    ASSERT_NE(seen_host, nullptr);
    EXPECT_EQ(seen_host->struct_size, sizeof(grok1_backend_host));
    ASSERT_NE(seen_host->log, nullptr);
    seen_host->log(seen_host->context, GROK1_LOG_INFO, nullptr, 5);  // ignored
  }
  EXPECT_EQ(closed, 1);
}

TEST_F(OpenBackends, FaultsAfterOpenCloseIt) {
  table.device_count = count_throws;
  run(kDescriptor).expect("(linked in)", GROK1_LOAD_OPEN_FAILED, "threw a C++ exception of unknown type");
  EXPECT_EQ(closed, 1);
}

TEST_F(OpenBackends, AMessageWithoutAnEndIsCut) {
  grok1_backend_descriptor descriptor = kDescriptor;
  descriptor.open = open_endless;
  run(descriptor).expect("(linked in)", GROK1_LOAD_OPEN_FAILED, std::string(999, 'x'));
}

TEST_F(OpenBackends, DescriptorsAreChecked) {
  grok1_backend_descriptor descriptor = kDescriptor;
  const auto state = [&] {
    const Runtime runtime = run(descriptor);
    return runtime.registry.entry(0)->state;
  };
  descriptor.id = nullptr;
  EXPECT_EQ(state(), GROK1_LOAD_NOT_A_PLUGIN);
  for (const char* id : {"", "a b", "CUDA", "a:1", "a/b", "a,b", "\xff", "a_name_that_is_far_too_long_to_type"}) {
    descriptor.id = id;
    EXPECT_EQ(state(), GROK1_LOAD_NOT_A_PLUGIN) << id;
  }
  descriptor.id = "cpu_2";
  descriptor.vendor = descriptor.version = nullptr;
  EXPECT_EQ(state(), GROK1_LOAD_LOADED);
  descriptor.struct_size = sizeof descriptor + 8;  // of a later version
  EXPECT_EQ(state(), GROK1_LOAD_LOADED);
  descriptor.struct_size = 4;
  EXPECT_EQ(state(), GROK1_LOAD_NOT_A_PLUGIN);
}

TEST(Negotiate, TheCpuCanRunItsOwnLevelAndNoHigher) {
  PluginFile plugin;
  plugin.abi_major = GROK1_BACKEND_ABI_MAJOR;
  plugin.cpu_level = host_cpu_level();
  EXPECT_GE(plugin.cpu_level, uint32_t{GROK1_BACKEND_CPU_LEVEL});  // this program runs
  EXPECT_NO_THROW(require_compatible(plugin));
  ++plugin.cpu_level;
  EXPECT_THROW(require_compatible(plugin), Refusal);
}

}  // namespace
}  // namespace grok1::plugin_test
