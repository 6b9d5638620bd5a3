// The layout: docs/gguf.md of ggml-org/ggml; type numbers 0 F32, 4 uint32, 8 string, 9 array.
#include "tests/imatrix/imatrix_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

namespace imatrix_test {
namespace {

constexpr uint32_t kUint32 = 4, kString = 8, kArray = 9;

void want(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error("not as expected: " + what);
}

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}

  template <class T>
  T number() {
    want(at_ + sizeof(T) <= bytes_.size(), "the file ends early");
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string text() {
    const auto size = number<uint64_t>();
    want(size <= bytes_.size() - at_, "a text longer than the file");
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  void type(uint32_t wanted, const std::string& key) { want(number<uint32_t>() == wanted, "the type of " + key); }
  size_t at() const { return at_; }

 private:
  const std::string& bytes_;
  size_t at_ = 0;
};

void read_value(Reader& in, ImatrixFile& file) {
  const std::string key = in.text();
  if (key == "general.type") {
    in.type(kString, key);
    file.type = in.text();
  } else if (key == "imatrix.datasets") {
    in.type(kArray, key);
    in.type(kString, key);
    for (auto n = in.number<uint64_t>(); n > 0; --n) file.datasets.push_back(in.text());
  } else {
    want(key == "imatrix.chunk_count" || key == "imatrix.chunk_size", key);
    in.type(kUint32, key);
    (key == "imatrix.chunk_count" ? file.chunk_count : file.chunk_size) = in.number<uint32_t>();
  }
}

struct Entry {
  std::string name;
  uint64_t ne[2], offset;
};

Entry read_entry(Reader& in) {
  Entry entry;
  entry.name = in.text();
  want(in.number<uint32_t>() == 2, "two dimensions of " + entry.name);
  for (uint64_t& size : entry.ne) size = in.number<uint64_t>();
  in.type(0, entry.name);
  entry.offset = in.number<uint64_t>();
  return entry;
}

void take(const std::string& bytes, size_t data, const Entry& entry, ImatrixFile& file) {
  std::vector<float> values(entry.ne[0] * entry.ne[1]);
  want(entry.offset % 32 == 0, "the alignment of " + entry.name);
  want(data + entry.offset + values.size() * sizeof(float) <= bytes.size(), "room for " + entry.name);
  std::memcpy(values.data(), bytes.data() + data + entry.offset, values.size() * sizeof(float));
  const size_t dot = entry.name.rfind('.');
  const std::string kind = entry.name.substr(dot);
  Sums& sums = file.matrices[entry.name.substr(0, dot)];
  if (kind == ".in_sum2") {
    sums.k = entry.ne[0], sums.experts = entry.ne[1];
    sums.squares = std::move(values);
  } else {
    want(kind == ".counts" && entry.ne[0] == 1, entry.name);
    sums.counts = std::move(values);
  }
}

}  // namespace

const Sums& ImatrixFile::at(const std::string& name) const {
  const auto found = matrices.find(name);
  want(found != matrices.end(), name + " is missing");
  return found->second;
}

ImatrixFile parse(const std::string& bytes) {
  ImatrixFile file;
  Reader in(bytes);
  want(bytes.substr(0, 4) == "GGUF" && in.number<uint32_t>() != 0 && in.number<uint32_t>() == 3, "GGUF, version 3");
  std::vector<Entry> entries(in.number<uint64_t>());
  for (auto n = in.number<uint64_t>(); n > 0; --n) read_value(in, file);
  for (Entry& entry : entries) entry = read_entry(in);
  const size_t data = (in.at() + 31) / 32 * 32;
  for (const Entry& entry : entries) take(bytes, data, entry, file);
  for (const auto& [name, sums] : file.matrices)
    want(sums.counts.size() == sums.experts, "a count for each of " + name);
  return file;
}

golden::Imatrix attach(const golden::Engine& engine) {
  return golden::make<golden::Imatrix>(
      [&](auto** out, auto* err) { return grok1_imatrix_create(engine.session(), out, err); });
}

std::string write(grok1_imatrix* imatrix, const grok1_imatrix_options* options) {
  const std::string path = testing::TempDir() + "grok1-imatrix-" + std::to_string(getpid()) + ".gguf";
  grok1_error err = GROK1_INIT(grok1_error);
  golden::check(grok1_imatrix_write(imatrix, path.c_str(), SIZE_MAX, options, &err), err);
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  unlink(path.c_str());
  return bytes.str();
}

double relative_difference(const std::vector<float>& expected, const std::vector<float>& found) {
  if (expected.size() != found.size()) return INFINITY;
  double squares = 0, differences = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    squares += std::pow(double{expected[i]}, 2);
    differences += std::pow(double{expected[i]} - found[i], 2);
  }
  return differences == 0 ? 0 : std::sqrt(differences / squares);
}

}  // namespace imatrix_test
