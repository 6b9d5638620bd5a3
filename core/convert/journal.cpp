#include "core/convert/journal.h"

#include <sys/file.h>

#include <bit>
#include <cerrno>
#include <charconv>

#include "core/convert/disk.h"
#include "core/convert/hash.h"

namespace grok1 {
namespace {

constexpr std::string_view kTitle = "grok1 conversion 1";
constexpr size_t kMostBytes = 64 << 20;  // a line for each tensor has about 120

// A line with its hash in front.
std::string sealed(const std::string& text) {
  Hash hash;
  hash.add(text);
  return fmt::format("{:016x} {}\n", hash.value(), text);
}

// The text of a sealed line without its end; empty if the hash is not its own.
std::string_view unsealed(std::string_view line) {
  if (line.size() < 17) return {};
  const std::string_view text = line.substr(17);
  return sealed(std::string(text)).substr(0, 17) == line.substr(0, 17) ? text : std::string_view();
}

std::string text_of(const Errors& e) {
  return fmt::format("tensor {:x} {:x} {:x} {:x} {:x}", e.blocks, e.inexact, std::bit_cast<uint64_t>(e.squares),
                     std::bit_cast<uint64_t>(e.squared_errors), std::bit_cast<uint64_t>(e.largest));
}

// Hexadecimal numbers with a space before each.
template <size_t kCount>
bool take_numbers(std::string_view text, uint64_t (&numbers)[kCount]) {
  for (uint64_t& number : numbers) {
    if (!text.starts_with(' ')) return false;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number, 16);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
  return text.empty();
}

}  // namespace

Journal::Journal(const FileCalls& calls, std::string path)
    : calls_(calls), path_(std::move(path)), descriptor_(open_on_disk(calls, path_, O_RDWR | O_CREAT)) {
  try {
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      fail(GROK1_E_BUSY, "{}: another conversion is writing this file; wait until it ends", path_);
    }
    read();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

Journal::~Journal() {
  close(descriptor_);
}

void Journal::read() {
  std::string text;
  char block[4096];
  for (ssize_t n; text.size() < kMostBytes &&
                  (n = pread(descriptor_, block, sizeof block, static_cast<off_t>(text.size()))) != 0;) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_in_system(GROK1_E_IO, errno, path_ + ": cannot read");
    text.append(block, static_cast<size_t>(n));
  }
  for (size_t end; (end = text.find('\n', size_)) != text.npos; size_ = end + 1)
    if (!take_line(unsealed(std::string_view(text).substr(size_, end - size_)))) break;
}

// False for a line that does not belong where it is: it and what follows do not count.
bool Journal::take_line(std::string_view line) {
  if (!fingerprint_) {
    uint64_t numbers[3];
    if (!line.starts_with(kTitle) || !take_numbers(line.substr(kTitle.size()), numbers)) return false;
    fingerprint_ = Fingerprint{numbers[0], numbers[1], numbers[2]};
    state_ = State::kStarted;
    return true;
  }
  if (line == "complete") {
    state_ = State::kComplete;
    return true;
  }
  constexpr std::string_view kTensor = "tensor";
  uint64_t numbers[5];
  if (!line.starts_with(kTensor) || !take_numbers(line.substr(kTensor.size()), numbers)) return false;
  ++noted_;
  done_.push_back({numbers[0], numbers[1], std::bit_cast<double>(numbers[2]), std::bit_cast<double>(numbers[3]),
                   std::bit_cast<double>(numbers[4])});
  return true;
}

std::string Journal::difference(const Fingerprint& wanted) const {
  if (!fingerprint_) return "";
  if (fingerprint_->source != wanted.source) return "the model's files are not those that it was begun with";
  if (fingerprint_->output != wanted.output) return "it was begun with other options";
  if (fingerprint_->encoders != wanted.encoders) return "it was begun by another version of this library";
  return "";
}

void Journal::append(const std::string& lines) {
  write_on_disk(calls_, descriptor_, path_, lines.data(), lines.size(), size_);
  sync_on_disk(calls_, descriptor_, path_);
  size_ += lines.size();
}

void Journal::begin(const Fingerprint& fingerprint) {
  while (calls_.ftruncate(descriptor_, 0) != 0)
    if (errno != EINTR) fail_on_disk(path_, errno, "cannot be emptied");
  size_ = 0;
  done_.clear();
  noted_ = 0;
  fingerprint_ = fingerprint;
  state_ = State::kStarted;
  append(
      sealed(fmt::format("{} {:x} {:x} {:x}", kTitle, fingerprint.source, fingerprint.output, fingerprint.encoders)));
  sync_folder_of(calls_, path_);
}

void Journal::add(const std::vector<Errors>& tensors) {
  std::string lines;
  for (const Errors& errors : tensors) lines += sealed(text_of(errors));
  append(lines);
  noted_ += tensors.size();
}

void Journal::complete() {
  append(sealed("complete"));
  state_ = State::kComplete;
}

void Journal::remove() {
  remove_on_disk(calls_, path_);
}

}  // namespace grok1
