// The two ways to hold weights, through grok1.h: the same logits to the bit from both, what each takes of memory and
// page cache, what a load that reads does when it is cancelled or its files change, and which way a plan chooses.
#include <dlfcn.h>
#include <fcntl.h>
#include <grok1.h>
#include <grok1_backend.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/golden/engine.h"
#include "tests/golden/golden_case.h"
#include "tests/unit/counts_memory.h"

namespace {

namespace fs = std::filesystem;
using golden::make;
using grok1::test::kCountsMemory;

const std::string kTiny = std::string(GROK1_TEST_DATA) + "/tiny";

grok1_model_options options(uint32_t weights) {
  grok1_model_options out = GROK1_INIT(grok1_model_options);
  out.devices = "cpu";
  out.context_tokens = 64;
  out.weights = weights;
  return out;
}

grok1_status load(const std::string& path, const grok1_model_options& o, golden::Model* model, grok1_error* err,
                  grok1_runtime* runtime = nullptr) {
  grok1_model* loaded = nullptr;
  const grok1_status status = grok1_model_load(runtime, path.c_str(), SIZE_MAX, &o, &loaded, err);
  model->reset(loaded);
  return status;
}

grok1_plan plan_of(const std::string& path, const grok1_model_options& o, grok1_runtime* runtime = nullptr) {
  grok1_plan plan = GROK1_INIT(grok1_plan);
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(grok1_model_plan(runtime, path.c_str(), SIZE_MAX, &o, &plan, &err), GROK1_OK) << err.message;
  return plan;
}

// -- The same logits

std::vector<float> logits_of(const golden::Case& c, golden::Settings settings, uint32_t weights) {
  settings.weights = weights;
  const golden::Engine engine(c.path, settings);
  const golden::Sequence sequence = engine.sequence();
  return engine.decode_in_pieces(sequence.get(), c.tokens, {c.prompt, 1});
}

void expect_same_logits(const golden::Settings& settings, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    const golden::Case c = golden::read_case(folder);
    const std::vector<float> mapped = logits_of(c, settings, GROK1_WEIGHTS_MAPPED);
    const std::vector<float> read = logits_of(c, settings, GROK1_WEIGHTS_READ);
    ASSERT_EQ(mapped.size(), c.logits.size());
    EXPECT_EQ(std::memcmp(mapped.data(), read.data(), mapped.size() * sizeof(float)), 0) << c.name;
  }
}

TEST(Weights, ReadGivesTheLogitsOfMapped) {
  expect_same_logits({.device = "cpu"}, golden::case_folders());
}

TEST(Weights, ReadGivesTheLogitsOfMappedOnADividedModel) {
  golden::Settings settings{.device = "reference,cpu", .tensor_split = "1,1"};
  for (const uint32_t split : {GROK1_SPLIT_LAYER, GROK1_SPLIT_EXPERT, GROK1_SPLIT_FFN}) {
    settings.split = split;
    expect_same_logits(settings, golden::case_folders());
  }
  settings.device = "emu:0,emu:1";  // devices that copy both, and in their own time
  expect_same_logits(settings, {kTiny});
}

// -- A model of some size, whose files are not in the page cache

class Files : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "grok1_weights_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(path_);
    const std::string command = std::string(GROK1_CLI) + " synth --layers 2 --d-model 512 --ffn 4096 --vocab 8192" +
                                " --heads 8 --kv-heads 2 --head-dim 64 -o " + path_ + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    for (const auto& entry : fs::directory_iterator(path_ + "/ckpt-0")) files_.push_back(entry.path());
    for (const fs::path& file : files_) {
      const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
      ASSERT_EQ(fsync(descriptor), 0);
      ASSERT_EQ(posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED), 0);
      close(descriptor);
    }
  }
  void TearDown() override { fs::remove_all(path_); }

  // Bytes of the files that are in the page cache.
  uint64_t cached() const {
    uint64_t pages = 0;
    for (const fs::path& file : files_) {
      const uint64_t size = fs::file_size(file);
      const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
      void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
      close(descriptor);
      std::vector<unsigned char> resident((size + 4095) / 4096);
      EXPECT_EQ(mincore(address, size, resident.data()), 0);
      pages += static_cast<uint64_t>(
          std::count_if(resident.begin(), resident.end(), [](unsigned char page) { return (page & 1) != 0; }));
      munmap(address, size);
    }
    return pages * 4096;
  }
  uint64_t file_bytes() const {
    uint64_t sum = 0;
    for (const fs::path& file : files_) sum += fs::file_size(file);
    return sum;
  }
  std::string path_;
  std::vector<fs::path> files_;
};

// "RssAnon" and "VmHWM" of this process, in bytes.
uint64_t of_process(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(what + ":")) return std::stoull(line.substr(what.size() + 1)) * 1024;
  ADD_FAILURE() << "/proc/self/status has no " << what;
  return 0;
}

golden::Session session_of(const golden::Model& model) {
  return make<golden::Session>(
      [&](auto** out, auto* err) { return grok1_session_create(model.get(), nullptr, out, err); });
}

grok1_status decode_one(const golden::Session& session) {
  const auto sequence =
      make<golden::Sequence>([&](auto** out, auto* err) { return grok1_sequence_create(session.get(), out, err); });
  grok1_sequence* one = sequence.get();
  const int32_t token = 3;
  const uint32_t n = 1;
  grok1_batch batch = GROK1_INIT(grok1_batch);
  batch.sequences = &one;
  batch.n_tokens = &n;
  batch.tokens = &token;
  batch.count = 1;
  return grok1_decode(session.get(), &batch, nullptr);
}

// All of it is in the process's own memory, as planned, and nothing of it in the page cache but the headers.
TEST_F(Files, ReadTakesWhatThePlanSaysAndNoPageCache) {
  constexpr uint64_t kSlack = 4 << 20, kBuffers = 6 * (8 << 20) + (2 << 20);
  if (cached() != 0) GTEST_SKIP() << "a file system that is all page cache";
  const grok1_plan plan = plan_of(path_, options(GROK1_WEIGHTS_READ));
  EXPECT_EQ(plan.weights, uint32_t{GROK1_WEIGHTS_READ});
  EXPECT_EQ(plan.needed_from_disk, 0u);
  EXPECT_EQ(plan.needed_in_memory, plan.weight_bytes + plan.kv_bytes + plan.scratch_bytes);
  EXPECT_LE(plan.weight_bytes, file_bytes());
  EXPECT_GE(plan.weight_bytes, file_bytes() - 100 * files_.size() * 10);
  malloc_trim(0);  // what the tests before have freed would be used again unseen
  const uint64_t before = of_process("RssAnon"), peak_before = of_process("VmHWM");
  golden::Model model;
  grok1_error err = GROK1_INIT(grok1_error);
  ASSERT_EQ(load(path_, options(GROK1_WEIGHTS_READ), &model, &err), GROK1_OK) << err.message;
  const uint64_t taken = of_process("RssAnon") - before;
  EXPECT_EQ(decode_one(session_of(model)), GROK1_OK);
  EXPECT_LE(cached(), files_.size() * 16 * 4096);
  if (!kCountsMemory) return;
  EXPECT_GE(taken, plan.weight_bytes);
  EXPECT_LE(taken, plan.needed_in_memory + kSlack);
  EXPECT_LE(of_process("VmHWM") - peak_before, plan.needed_in_memory + kBuffers + kSlack);
}

// The opposite: the pages of the files, and no memory of its own.
TEST_F(Files, MappedTakesThePageCacheAndNoMemory) {
  if (cached() != 0) GTEST_SKIP() << "a file system that is all page cache";
  const grok1_plan plan = plan_of(path_, options(GROK1_WEIGHTS_MAPPED));
  EXPECT_EQ(plan.weights, uint32_t{GROK1_WEIGHTS_MAPPED});
  EXPECT_NE(plan.needed_from_disk, 0u);
  const uint64_t before = of_process("RssAnon");
  golden::Model model;
  grok1_error err = GROK1_INIT(grok1_error);
  ASSERT_EQ(load(path_, options(GROK1_WEIGHTS_MAPPED), &model, &err), GROK1_OK) << err.message;
  EXPECT_EQ(decode_one(session_of(model)), GROK1_OK);
  EXPECT_GE(cached(), file_bytes() / 8);
  if (!kCountsMemory) return;
  EXPECT_LT(of_process("RssAnon") - before, plan.weight_bytes / 2);
}

// What was read needs no files, so nobody's changing them can do harm; mapped files must stay as they were.
TEST_F(Files, ReadWeightsOutliveTheirFiles) {
  golden::Model mapped, read;
  grok1_error err = GROK1_INIT(grok1_error);
  ASSERT_EQ(load(path_, options(GROK1_WEIGHTS_READ), &read, &err), GROK1_OK) << err.message;
  ASSERT_EQ(load(path_, options(GROK1_WEIGHTS_MAPPED), &mapped, &err), GROK1_OK) << err.message;
  const golden::Session of_read = session_of(read), of_mapped = session_of(mapped);
  EXPECT_EQ(decode_one(of_mapped), GROK1_OK);
  for (const fs::path& file : files_) fs::resize_file(file, 100);
  EXPECT_EQ(decode_one(of_mapped), GROK1_E_BAD_FILE);
  EXPECT_EQ(decode_one(of_read), GROK1_OK);
}

struct Watch {
  std::vector<uint64_t> done;
  uint64_t total = 0;
  uint64_t stop_at = UINT64_MAX;                     // bytes done, then:
  std::function<int32_t()> then = [] { return 0; };  // what progress returns
};

int32_t watch(void* user, uint64_t done, uint64_t total) {
  auto& watch = *static_cast<Watch*>(user);
  watch.done.push_back(done);
  watch.total = total;
  return done >= watch.stop_at ? watch.then() : 0;
}

TEST_F(Files, ProgressRisesInsideTensors) {
  Watch seen;
  grok1_model_options o = options(GROK1_WEIGHTS_READ);
  o.progress = watch;
  o.progress_user = &seen;
  golden::Model model;
  grok1_error err = GROK1_INIT(grok1_error);
  ASSERT_EQ(load(path_, o, &model, &err), GROK1_OK) << err.message;
  EXPECT_TRUE(std::is_sorted(seen.done.begin(), seen.done.end()));
  EXPECT_EQ(seen.done.front(), 0u);
  EXPECT_EQ(seen.done.back(), seen.total);
  for (size_t i = 1; i < seen.done.size(); ++i) EXPECT_LE(seen.done[i] - seen.done[i - 1], 8u << 20);
}

TEST_F(Files, IsCancelledInsideATensor) {
  uint64_t largest = 0;
  for (const fs::path& file : files_) largest = std::max(largest, fs::file_size(file));
  ASSERT_GT(largest, 16u << 20);
  for (const bool by_flag : {false, true}) {
    const auto cancel = make<golden::Cancel>([](auto** out, auto* err) { return grok1_cancel_create(out, err); });
    Watch seen;
    seen.stop_at = 1;
    seen.then = [&] {
      if (by_flag) grok1_cancel_request(cancel.get());
      return by_flag ? 0 : 1;
    };
    grok1_model_options o = options(GROK1_WEIGHTS_READ);
    o.progress = watch;
    o.progress_user = &seen;
    o.cancel = cancel.get();
    golden::Model model;
    grok1_error err = GROK1_INIT(grok1_error);
    EXPECT_EQ(load(path_, o, &model, &err), GROK1_E_CANCELLED) << err.message;
    EXPECT_LE(seen.done.back(), 8u << 20);  // the first file is larger
  }
}

TEST_F(Files, AFileThatShrinksDuringTheLoadIsAnError) {
  Watch seen;
  seen.stop_at = 1;
  seen.then = [&] {
    for (const fs::path& file : files_) fs::resize_file(file, 12345);
    seen.stop_at = UINT64_MAX;
    return 0;
  };
  grok1_model_options o = options(GROK1_WEIGHTS_READ);
  o.progress = watch;
  o.progress_user = &seen;
  golden::Model model;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(load(path_, o, &model, &err), GROK1_E_BAD_FILE) << err.message;
  EXPECT_NE(std::string(err.message).find(path_), std::string::npos) << err.message;
}

TEST(Weights, AValueThatIsNoneIsRefused) {
  golden::Model model;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(load(kTiny, options(GROK1_WEIGHTS_READ + 1), &model, &err), GROK1_E_INVALID_ARGUMENT);
  EXPECT_NE(std::string(err.message).find("weights"), std::string::npos) << err.message;
}

// -- Which way is chosen: the CPU's backend under another name, whose device says what it prefers and has

const grok1_backend_descriptor* cpu = nullptr;
grok1_backend_ops copying_ops;
const grok1_backend_ops* cpu_ops = nullptr;
uint64_t memory_free = 0;  // 0: as much as there is
uint64_t n_with_data = 0, n_without = 0;

grok1_status GROK1_CALL copying_info(grok1_backend* backend, uint32_t index, grok1_backend_device* info,
                                     grok1_error* err) {
  const grok1_status status = cpu_ops->device_info(backend, index, info, err);
  info->flags |= GROK1_DEVICE_PREFERS_COPY;
  if (memory_free != 0) info->memory_free = memory_free;
  return status;
}

grok1_status GROK1_CALL copying_begin(grok1_device* device, const grok1_weight_desc* desc, grok1_weight** weight,
                                      grok1_error* err) {
  ++(desc->data != nullptr ? n_with_data : n_without);
  return cpu_ops->weight_begin(device, desc, weight, err);
}

grok1_status GROK1_CALL copying_open(const grok1_backend_host* host, grok1_backend** backend,
                                     const grok1_backend_ops** ops, grok1_error* err) {
  const grok1_status status = cpu->open(host, backend, &cpu_ops, err);
  if (status < 0) return status;
  copying_ops = *cpu_ops;
  copying_ops.device_info = copying_info;
  copying_ops.weight_begin = copying_begin;
  *ops = &copying_ops;
  return status;
}

class Choice : public testing::Test {
 protected:
  void SetUp() override {
    void* plugin = dlopen(GROK1_CPU_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(plugin, nullptr) << dlerror();
    cpu = static_cast<const grok1_backend_descriptor*>(dlsym(plugin, "grok1_backend_entry"));
    ASSERT_NE(cpu, nullptr);
    descriptor_ = *cpu;
    descriptor_.id = "copying";
    descriptor_.open = copying_open;
    const grok1_backend_descriptor* const linked[] = {&descriptor_};
    grok1_runtime_options o = GROK1_INIT(grok1_runtime_options);
    o.backends = linked;
    o.n_backends = 1;
    runtime_ = make<golden::Runtime>([&](auto** out, auto* err) { return grok1_runtime_create(&o, out, err); });
    memory_free = n_with_data = n_without = 0;
  }
  static grok1_model_options on_copying(uint32_t weights) {
    grok1_model_options o = options(weights);
    o.devices = "copying";
    return o;
  }
  // Loads, and says how: what the plan says and the device sees.
  uint32_t chosen(const grok1_model_options& o) {
    n_with_data = n_without = 0;
    golden::Model model;
    grok1_error err = GROK1_INIT(grok1_error);
    EXPECT_EQ(load(kTiny, o, &model, &err, runtime_.get()), GROK1_OK) << err.message;
    const uint32_t seen = n_with_data == 0 && n_without > 0   ? GROK1_WEIGHTS_READ
                          : n_without == 0 && n_with_data > 0 ? GROK1_WEIGHTS_MAPPED
                                                              : GROK1_WEIGHTS_DEFAULT;
    EXPECT_EQ(plan_of(kTiny, o, runtime_.get()).weights, seen);
    return seen;
  }
  grok1_backend_descriptor descriptor_{};
  golden::Runtime runtime_;
};

TEST_F(Choice, FollowsTheDeviceUnlessItIsTold) {
  EXPECT_EQ(chosen(on_copying(GROK1_WEIGHTS_DEFAULT)), uint32_t{GROK1_WEIGHTS_READ});
  EXPECT_EQ(chosen(on_copying(GROK1_WEIGHTS_MAPPED)), uint32_t{GROK1_WEIGHTS_MAPPED});
  EXPECT_EQ(chosen(on_copying(GROK1_WEIGHTS_READ)), uint32_t{GROK1_WEIGHTS_READ});
}

TEST_F(Choice, IsMappedWhereACopyDoesNotFit) {
  memory_free = plan_of(kTiny, on_copying(GROK1_WEIGHTS_READ), runtime_.get()).needed_in_memory;
  EXPECT_EQ(chosen(on_copying(GROK1_WEIGHTS_DEFAULT)), uint32_t{GROK1_WEIGHTS_READ});
  memory_free -= 1;
  EXPECT_EQ(chosen(on_copying(GROK1_WEIGHTS_DEFAULT)), uint32_t{GROK1_WEIGHTS_MAPPED});
  golden::Model model;
  grok1_error err = GROK1_INIT(grok1_error);
  EXPECT_EQ(load(kTiny, on_copying(GROK1_WEIGHTS_READ), &model, &err, runtime_.get()), GROK1_E_DOES_NOT_FIT);
}

// One way for all: no member maps what another has read.
TEST_F(Choice, IsOneForAllDevices) {
  grok1_model_options o = on_copying(GROK1_WEIGHTS_DEFAULT);
  o.devices = "reference,copying";
  o.tensor_split = "1,1";
  EXPECT_EQ(chosen(o), uint32_t{GROK1_WEIGHTS_READ});
  EXPECT_EQ(plan_of(kTiny, o, runtime_.get()).n_devices, 2u);
}

}  // namespace
