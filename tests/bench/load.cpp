// bench_load MODEL [ROUNDS] [DEVICE]: loads that read (GROK1_WEIGHTS_READ) against plain direct reads of the same files
// with as many requests in flight, of the same size, in alternation in one process. Nothing of it uses the page cache,
// so every round is a cold one. Memory has a price of its own: the system clears every page that it hands out, and a
// virtual machine may have to ask for it first. So there are pairs without it (a read into memory that is used again, a
// load to a device that keeps nothing), and pairs with: a read into as much new memory, a load to DEVICE. Of these each
// comes first in every second round, and the second gets memory that was just given back.
#include <dlfcn.h>
#include <fcntl.h>
#include <grok1.h>
#include <grok1_backend.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr unsigned kInFlight = 4;
constexpr uint64_t kRequest = 8u << 20, kHugePage = 2u << 20;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

[[noreturn]] void give_up(const char* message) {
  std::fprintf(stderr, "bench_load: %s\n", message);
  std::exit(1);
}

// -- Plain reads

struct Request {
  std::string path;
  uint64_t offset;
};

struct Files {
  std::vector<Request> requests;
  uint64_t bytes = 0;
};

Files files_of(const char* path) {
  grok1_error err = GROK1_INIT(grok1_error);
  grok1_model* model = nullptr;
  if (grok1_model_probe(path, SIZE_MAX, nullptr, &model, &err) < 0) give_up(err.message);
  Files files;
  grok1_tensor_info info = GROK1_INIT(grok1_tensor_info);
  for (size_t i = 0; grok1_model_tensor(model, i, &info) == GROK1_OK; ++i) {
    const uint64_t end = info.offset + info.bytes + info.scale_bytes;  // xAI's files hold a tensor each
    for (uint64_t at = 0; at < end; at += kRequest) files.requests.push_back({info.path, at});
    files.bytes += end;
  }
  grok1_model_release(model);
  return files;
}

// Whole huge pages, new ones.
class Memory {
 public:
  explicit Memory(uint64_t size) : size_(size + kHugePage) {
    base_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) give_up("not enough memory");
    madvise(data(), size, MADV_HUGEPAGE);
  }
  ~Memory() { munmap(base_, size_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  char* data() const {
    return reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(base_) + kHugePage - 1) / kHugePage * kHugePage);
  }

 private:
  uint64_t size_;
  void* base_;
};

// `filled` is NULL, or has a place for each request.
void read_some(const Files& files, char* filled, std::atomic<size_t>& next) {
  const Memory again(kRequest);
  int file = -1;
  std::string opened;
  for (size_t i = next++; i < files.requests.size(); i = next++) {
    const Request& request = files.requests[i];
    if (opened != request.path) {
      if (file >= 0) close(file);
      file = open((opened = request.path).c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
      if (file < 0) file = open(opened.c_str(), O_RDONLY | O_CLOEXEC);  // a file system without
    }
    char* to = filled != nullptr ? filled + i * kRequest : again.data();
    if (pread(file, to, kRequest, static_cast<off_t>(request.offset)) < 0) give_up("cannot read");
  }
  if (file >= 0) close(file);
}

double plain_read(const Files& files, bool fill) {
  std::atomic<size_t> next{0};
  const auto start = std::chrono::steady_clock::now();
  const Memory memory(fill ? files.requests.size() * kRequest : kHugePage);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kInFlight; ++i)
    threads.emplace_back([&] { read_some(files, fill ? memory.data() : nullptr, next); });
  for (std::thread& thread : threads) thread.join();
  return seconds_since(start);
}

// -- A device that keeps nothing: the CPU's, but chunks are copied over each other

const grok1_backend_descriptor* cpu = nullptr;
const grok1_backend_ops* cpu_ops = nullptr;
grok1_backend_ops keeping_nothing;

grok1_status GROK1_CALL take_chunk(grok1_weight*, grok1_queue*, const grok1_weight_chunk* chunk, grok1_error*) {
  static const Memory place(kRequest);
  const uint64_t size = (chunk->outer_end - chunk->outer_begin) * chunk->row_bytes;
  std::memcpy(place.data(), chunk->data, std::min(size, kRequest));
  return GROK1_OK;
}

grok1_status GROK1_CALL open_keeping_nothing(const grok1_backend_host* host, grok1_backend** backend,
                                             const grok1_backend_ops** ops, grok1_error* err) {
  const grok1_status status = cpu->open(host, backend, &cpu_ops, err);
  if (status < 0) return status;
  keeping_nothing = *cpu_ops;
  keeping_nothing.weight_chunk = take_chunk;
  keeping_nothing.weight_end = [](grok1_weight*, grok1_queue*, grok1_error*) -> grok1_status { return GROK1_OK; };
  keeping_nothing.layer_bind = [](grok1_device*, const grok1_layer_desc*, grok1_layer**, grok1_error*) -> grok1_status {
    return GROK1_OK;
  };
  keeping_nothing.layer_free = [](grok1_layer*) {};
  keeping_nothing.lm_head_bind = [](grok1_device*, const grok1_lm_head_desc*, grok1_lm_head**,
                                    grok1_error*) -> grok1_status { return GROK1_OK; };
  keeping_nothing.lm_head_free = [](grok1_lm_head*) {};
  *ops = &keeping_nothing;
  return status;
}

grok1_runtime* runtime_with_it() {
  void* plugin = dlopen(GROK1_CPU_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) give_up(dlerror());
  cpu = static_cast<const grok1_backend_descriptor*>(dlsym(plugin, "grok1_backend_entry"));
  static grok1_backend_descriptor descriptor = *cpu;
  descriptor.id = "nothing";
  descriptor.open = open_keeping_nothing;
  static const grok1_backend_descriptor* const linked[] = {&descriptor};
  grok1_runtime_options options = GROK1_INIT(grok1_runtime_options);
  options.backends = linked;
  options.n_backends = 1;
  grok1_runtime* runtime = nullptr;
  grok1_error err = GROK1_INIT(grok1_error);
  if (grok1_runtime_create(&options, &runtime, &err) < 0) give_up(err.message);
  return runtime;
}

double load(grok1_runtime* runtime, const char* path, const char* device) {
  grok1_model_options options = GROK1_INIT(grok1_model_options);
  options.devices = device;
  options.context_tokens = 256;
  options.weights = GROK1_WEIGHTS_READ;
  grok1_error err = GROK1_INIT(grok1_error);
  grok1_model* model = nullptr;
  const auto start = std::chrono::steady_clock::now();
  if (grok1_model_load(runtime, path, SIZE_MAX, &options, &model, &err) < 0) give_up(err.message);
  const double seconds = seconds_since(start);
  grok1_model_release(model);
  return seconds;
}

void report(const char* load, const char* read, double gigabytes, const std::vector<double>& loads,
            const std::vector<double>& reads) {
  std::printf("%s %.2f GB/s, %s %.2f GB/s, fraction %.2f\n", load, gigabytes / median(loads), read,
              gigabytes / median(reads), median(reads) / median(loads));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: bench_load MODEL [ROUNDS] [DEVICE]\n");
    return 2;
  }
  const int rounds = std::max(2, argc > 2 ? std::atoi(argv[2]) : 6);
  const char* device = argc > 3 ? argv[3] : "cpu";
  const Files files = files_of(argv[1]);
  grok1_runtime* runtime = runtime_with_it();
  const double gigabytes = static_cast<double>(files.bytes) / 1e9;
  std::vector<double> reads, takes, first_fills, fills, first_loads, loads;
  for (int i = 0; i < rounds; ++i) {
    reads.push_back(plain_read(files, false));
    takes.push_back(load(runtime, argv[1], "nothing"));
    if (i % 2 == 0) first_fills.push_back(plain_read(files, true));
    (i % 2 == 0 ? loads : first_loads).push_back(load(runtime, argv[1], device));
    if (i % 2 == 1) fills.push_back(plain_read(files, true));
  }
  std::printf("%.3f GB, %u requests of %d MiB in flight, medians of %d rounds:\n", gigabytes, kInFlight,
              static_cast<int>(kRequest >> 20), rounds);
  report("to a device that keeps nothing: load", "read", gigabytes, takes, reads);
  report("first to take the memory: load", "read", gigabytes, first_loads, first_fills);
  report("memory just given back: load", "read", gigabytes, loads, fills);
  grok1_runtime_release(runtime);
  return 0;
}
