// What device strings resolve to, what is said when they do not, and that all of it may happen on many threads.
#include <atomic>
#include <thread>

#include "core/base/failure.h"
#include "tests/unit/plugin/plugins.h"

namespace grok1::plugin_test {
namespace {

std::vector<std::string> names(const std::vector<DeviceRef>& devices) {
  std::vector<std::string> found;
  for (const DeviceRef& device : devices) found.push_back(device.name);
  return found;
}

void expect_failure(Registry& registry, const std::string& list, grok1_status status, const std::string& part) {
  try {
    registry.resolve(list);
    ADD_FAILURE() << list << " was accepted";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.status(), status) << list << ": " << failure.message();
    EXPECT_NE(failure.message().find(part), std::string::npos)
        << "'" << part << "' is not in '" << failure.message() << "'";
  }
}

TEST(DeviceList, NamesMeanDevices) {
  Runtime runtime(GROK1_INIT(grok1_runtime_options), kZoo);
  Registry& registry = runtime.registry;
  using List = std::vector<std::string>;
  EXPECT_EQ(names(registry.resolve("null")), (List{"null"}));
  EXPECT_EQ(names(registry.resolve("null:0")), (List{"null"}));
  EXPECT_EQ(names(registry.resolve("pair")), (List{"pair:0"}));
  EXPECT_EQ(names(registry.resolve("pair:1,null,pair:0")), (List{"pair:1", "null", "pair:0"}));
  EXPECT_EQ(registry.resolve("pair:1")[0].index, 1u);
  List all;
  for (size_t i = 0; const DeviceRef* device = registry.device(i); ++i) all.push_back(device->name);
  EXPECT_EQ(all, (List{"null", "pair:0", "pair:1"}));
}

TEST(DeviceList, MistakesAreExplained) {
  Runtime runtime(GROK1_INIT(grok1_runtime_options), kZoo);
  Registry& registry = runtime.registry;
  expect_failure(registry, "", GROK1_E_INVALID_ARGUMENT, "a backend's id, id:number or a plugin's path is wanted");
  expect_failure(registry, "null,", GROK1_E_INVALID_ARGUMENT, "device ''");
  expect_failure(registry, ":0", GROK1_E_INVALID_ARGUMENT, "device ':0'");
  expect_failure(registry, "null:", GROK1_E_INVALID_ARGUMENT, "number is wanted, found ''");
  expect_failure(registry, "null:x", GROK1_E_INVALID_ARGUMENT, "found 'x'");
  expect_failure(registry, "null:-1", GROK1_E_INVALID_ARGUMENT, "found '-1'");
  expect_failure(registry, "null:99999999999", GROK1_E_INVALID_ARGUMENT, "found '99999999999'");
  expect_failure(registry, "null:1", GROK1_E_NO_BACKEND,
                 "'null:1' does not exist; backend null has one device, number 0");
  expect_failure(registry, "pair:2", GROK1_E_NO_BACKEND, "backend pair has devices 0 to 1");
  expect_failure(registry, "vulkan", GROK1_E_NO_BACKEND, "loaded are: null, pair; no libgrok1_vulkan.so is in " + kZoo);
  expect_failure(registry, "no_driver", GROK1_E_NO_BACKEND,
                 zoo_path("no_driver") + ": NO_DEVICE: the zoo has no such thing");
  expect_failure(registry, "cpu_level:0", GROK1_E_NO_BACKEND, "CPU_BASELINE");
}

TEST(DeviceList, PathsAreLoadedOnceAndReported) {
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.flags = GROK1_RUNTIME_NO_SEARCH;
  Runtime runtime(options);
  Registry& registry = runtime.registry;
  expect_failure(registry, "pair", GROK1_E_NO_BACKEND, "no backend is loaded; no directory was searched");
  EXPECT_EQ(registry.n_entries(), 0u);
  EXPECT_EQ(names(registry.resolve(zoo_path("pair") + ",pair:1")), (std::vector<std::string>{"pair:0", "pair:1"}));
  EXPECT_EQ(names(registry.resolve(kZoo + "/./libgrok1_pair.so")), (std::vector<std::string>{"pair:0"}));
  EXPECT_EQ(registry.n_entries(), 1u);
  const LoadEntry* first = registry.entry(0);

  for (int i = 0; i < 3; ++i) {  // the same failure is entered once
    expect_failure(registry, zoo_path("open_fails"), GROK1_E_NO_BACKEND, "OPEN_FAILED: the backend did not start");
    expect_failure(registry, "/no/such/plugin.so", GROK1_E_NO_BACKEND, "NOT_A_PLUGIN: the file cannot be found");
    expect_failure(registry, kZoo, GROK1_E_NO_BACKEND, "this is a directory, not a file");
  }
  EXPECT_EQ(registry.n_entries(), 4u);
  EXPECT_EQ(registry.entry(0), first);  // references stay
  EXPECT_EQ(registry.entry(4), nullptr);
  EXPECT_EQ(registry.device(2), nullptr);
}

struct Callback {
  Registry* registry = nullptr;
  size_t entries_seen = 0;
  grok1_status nested = GROK1_OK;
};

int32_t GROK1_CALL use_registry(void* user, const char*) {
  auto& callback = *static_cast<Callback*>(user);
  if (callback.registry == nullptr) return 0;
  callback.entries_seen = callback.registry->n_entries();
  try {
    callback.registry->resolve(zoo_path("null"));
  } catch (const Failure& failure) {
    callback.nested = failure.status();
  }
  return 0;
}

TEST(DeviceList, VerifyMayReadTheReportButNotLoad) {
  Callback callback;
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.flags = GROK1_RUNTIME_NO_SEARCH;
  options.verify = use_registry;
  options.verify_user = &callback;
  Runtime runtime(options);
  runtime.registry.resolve(zoo_path("pair"));
  callback.registry = &runtime.registry;
  expect_failure(runtime.registry, zoo_path("open_fails"), GROK1_E_NO_BACKEND, "OPEN_FAILED");
  EXPECT_EQ(callback.entries_seen, 1u);
  EXPECT_EQ(callback.nested, GROK1_E_BUSY);
  EXPECT_EQ(names(runtime.registry.resolve(zoo_path("null"))),
            std::vector<std::string>{"null"});  // afterwards it works
}

TEST(DeviceList, ThreadsReadAndLoadTogether) {
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.flags = GROK1_RUNTIME_NO_SEARCH;
  Runtime runtime(options);
  Registry& registry = runtime.registry;
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers, loaders;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const size_t n = registry.n_entries();
        for (size_t k = 0; k < n; ++k) wrong += registry.entry(k) == nullptr || registry.entry(k)->path.empty();
        for (size_t k = 0; const DeviceRef* device = registry.device(k); ++k) wrong += device->backend->ops == nullptr;
      }
    });
  }
  const char* ids[] = {"null", "open_fails", "pair", "no_device", "wrong_abi"};
  for (int i = 0; i < 4; ++i) {
    loaders.emplace_back([&, i] {
      for (int k = 0; k < 50; ++k) {
        const char* id = ids[(i + k) % 5];
        try {
          wrong += registry.resolve(zoo_path(id)).size() != 1;
          wrong += registry.resolve(id).at(0).backend->id != id;
        } catch (const Failure& failure) {
          wrong += failure.status() != GROK1_E_NO_BACKEND;
        }
      }
    });
  }
  for (std::thread& thread : loaders) thread.join();
  done = true;
  for (std::thread& thread : readers) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(registry.n_entries(), 5u);
}

}  // namespace
}  // namespace grok1::plugin_test
