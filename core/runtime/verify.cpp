#include "core/runtime/verify.h"

#include <chrono>

#include "core/tokenizer/tokenizer.h"

namespace grok1 {
namespace {

void check_tokenizer(const TensorSource& source, const Faults& faults) {
  const std::string& path = source.tokenizer_path();
  tolerate(&faults, FileFault::kDamaged, {path, ""}, [&] {
    if (auto inside = source.vocabulary()) Tokenizer::make(std::move(*inside));
  });
  if (path.empty()) return;
  tolerate(&faults, FileFault::kDamaged, {path, ""}, [&] {
    const auto tokenizer = Tokenizer::load(path);
    const uint32_t most = source.config().vocab_size;
    if (tokenizer->size() <= most) return;
    fail(GROK1_E_BAD_FILE, "{}: at most {} pieces wanted (the model's vocabulary), found {}", path, most,
         tokenizer->size());
  });
}

}  // namespace

void verify_model(const std::string& path, bool payloads, uint32_t threads, const Faults& faults,
                  const ScanProgress& progress, Verified& verified) {
  std::unique_ptr<TensorSource> source;
  try {
    source = open_model(path, &faults);
  } catch (const Failure& failure) {
    if (failure.status() != GROK1_E_BAD_FILE) throw;
    faults.add(failure, FileFault::kDamaged, {path, ""});
    return;
  }
  verified.format = source->format();
  verified.n_files = source->n_files();
  verified.n_tensors = static_cast<uint32_t>(source->tensors().size());
  check_tokenizer(*source, faults);
  if (!payloads) return;
  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] { return static_cast<uint64_t>((std::chrono::steady_clock::now() - start).count()); };
  verified.bytes_read = scan_payloads(*source, threads, faults, [&](uint64_t done, uint64_t total) {
    verified.bytes_read = done;
    verified.read_ns = passed();
    progress(done, total);
  });
  verified.read_ns = passed();
}

}  // namespace grok1
