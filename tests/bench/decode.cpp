// bench_decode MODEL [TOKENS] [THREADS]: decode speed of one sequence on the CPU plugin against a plain read of the
// same mapped files by as many threads, in alternation in one process; and the largest memory the process had (VmHWM).
// The bytes of a token are those of the plan: what the model must read, KV not counted.
#include <fcntl.h>
#include <grok1.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

[[noreturn]] void give_up(const grok1_error& err) {
  std::fprintf(stderr, "bench_decode: %s\n", err.message);
  std::exit(1);
}

// What a sum of words is stored to, so that it is not optimised away.
thread_local volatile uint64_t sink;

void sum_words(const uint64_t* words, const uint64_t* end) {
  uint64_t sum = 0;
  for (; end - words >= 8; words += 8) {
    for (int i = 0; i < 8; ++i) sum += words[i];  // vectorised by the compiler
  }
  sink = sum;
}

// Reads all tensor files of a model, one after the other through a mapping of its own that ends with the read: two
// mappings of everything would count twice in VmHWM.
class PlainRead {
 public:
  explicit PlainRead(const grok1_model* model) {
    grok1_tensor_info info = GROK1_INIT(grok1_tensor_info);
    for (size_t i = 0; grok1_model_tensor(model, i, &info) == GROK1_OK; ++i) paths_.insert(info.path);
  }

  // Bytes per second, of the reading alone.
  double run(unsigned n_threads) const {
    double bytes = 0, seconds = 0;
    for (const std::string& path : paths_) {
      const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
      const auto size = static_cast<size_t>(lseek(file, 0, SEEK_END));
      void* address = mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
      close(file);
      if (address == MAP_FAILED) continue;
      const auto* words = static_cast<const uint64_t*>(address);
      const size_t n = size / sizeof(uint64_t);
      const auto start = std::chrono::steady_clock::now();
      std::vector<std::thread> threads;
      for (unsigned t = 0; t < n_threads; ++t) {
        threads.emplace_back(sum_words, words + n * t / n_threads, words + n * (t + 1) / n_threads);
      }
      for (auto& thread : threads) thread.join();
      seconds += seconds_since(start);
      bytes += static_cast<double>(size);
      munmap(address, size);
    }
    return bytes / seconds;
  }

 private:
  std::set<std::string> paths_;
};

double vm_hwm_gib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::atof(line.c_str() + 6) / (1 << 20);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: bench_decode MODEL [TOKENS] [THREADS]\n");
    return 2;
  }
  const int n_tokens = argc > 2 ? std::atoi(argv[2]) : 32;
  const unsigned n_threads = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : std::thread::hardware_concurrency();
  grok1_error err = GROK1_INIT(grok1_error);
  grok1_model_options options = GROK1_INIT(grok1_model_options);
  options.devices = "cpu";
  options.threads = n_threads;
  options.context_tokens = 256;
  grok1_plan plan = GROK1_INIT(grok1_plan);
  if (grok1_model_plan(nullptr, argv[1], SIZE_MAX, &options, &plan, &err) < 0) give_up(err);
  auto start = std::chrono::steady_clock::now();
  grok1_model* model = nullptr;
  if (grok1_model_load(nullptr, argv[1], SIZE_MAX, &options, &model, &err) < 0) give_up(err);
  std::printf("load %.2f s\n", seconds_since(start));
  grok1_session* session = nullptr;
  grok1_sequence* sequence = nullptr;
  if (grok1_session_create(model, nullptr, &session, &err) < 0) give_up(err);
  if (grok1_sequence_create(session, &sequence, &err) < 0) give_up(err);

  const PlainRead read(model);
  read.run(n_threads);  // everything into the page cache
  std::vector<double> reads, decodes, ratios;
  const double bytes = static_cast<double>(plan.bytes_per_token);
  for (int i = 0; i < n_tokens; ++i) {
    const int32_t token = (i * 31 + 7) % 97;
    const uint32_t one = 1;
    grok1_batch batch = GROK1_INIT(grok1_batch);
    batch.sequences = &sequence;
    batch.n_tokens = &one;
    batch.tokens = &token;
    batch.count = 1;
    reads.push_back(read.run(n_threads));
    start = std::chrono::steady_clock::now();
    if (grok1_decode(session, &batch, &err) < 0) give_up(err);
    decodes.push_back(bytes / seconds_since(start));
    ratios.push_back(decodes.back() / reads.back());
  }
  std::printf(
      "%u threads, %.3f GB per token, medians of %d pairs: read %.1f GB/s, decode %.1f GB/s = %.2f tokens/s, fraction "
      "%.2f\n",
      n_threads, bytes / 1e9, n_tokens, median(reads) / 1e9, median(decodes) / 1e9, median(decodes) / bytes,
      median(ratios));
  std::printf("VmHWM %.1f GiB\n", vm_hwm_gib());
  grok1_sequence_release(sequence);
  grok1_session_release(session);
  grok1_model_release(model);
  return 0;
}
