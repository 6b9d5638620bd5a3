// Direct reads by four threads that take the requests in turn.
#include "bench_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "text.h"

namespace cli {
namespace {

constexpr size_t kRequest = size_t{4} << 20;
constexpr size_t kAlignment = 4096;  // of buffer and offset, as direct reads demand
constexpr unsigned kInFlight = 4;
constexpr double kMostSeconds = 1;

using Clock = std::chrono::steady_clock;

struct Request {
  std::string path;
  off_t offset;
};

std::vector<Request> requests_of(const grok1_model* model, uint64_t most_bytes) {
  const size_t most = std::max<size_t>(1, most_bytes / kRequest);
  std::set<std::string> seen;
  std::vector<Request> requests;
  grok1_tensor_info tensor = GROK1_INIT(grok1_tensor_info);
  for (size_t i = 0; grok1_model_tensor(model, i, &tensor) == GROK1_OK; ++i) {
    struct stat file {};
    if (!seen.insert(tensor.path).second || stat(tensor.path, &file) != 0) continue;
    for (off_t at = 0; at < file.st_size && requests.size() < most; at += kRequest)
      requests.push_back({tensor.path, at});
  }
  return requests;
}

struct Free {
  void operator()(void* p) const { std::free(p); }
};

// Bytes read, or -errno. The end of a file gives fewer than asked for.
ssize_t read_directly(const Request& request, void* buffer) {
  const int file = open(request.path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (file < 0) return -errno;
  const ssize_t n = pread(file, buffer, kRequest, request.offset);
  const ssize_t result = n < 0 ? -errno : n;
  close(file);
  return result;
}

}  // namespace

DiskRate measure_disk(const grok1_model* model, uint64_t most_bytes) {
  const std::vector<Request> requests = requests_of(model, most_bytes);
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<int> error{0};
  const auto start = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  const auto work = [&] {
    const std::unique_ptr<void, Free> buffer(std::aligned_alloc(kAlignment, kRequest));
    for (size_t i; buffer && (i = next++) < requests.size() && elapsed() < kMostSeconds;) {
      const ssize_t n = read_directly(requests[i], buffer.get());
      if (n < 0) error = static_cast<int>(-n);
      if (n < 0) return;
      bytes += static_cast<uint64_t>(n);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kInFlight; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (error != 0) return {0, text("direct reads of the model's files are refused: %s", std::strerror(error))};
  return {static_cast<double>(bytes) / elapsed(), ""};
}

}  // namespace cli
