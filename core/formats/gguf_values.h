// The keys and values at the head of a GGUF file. A scalar is kept as it is, of strings and arrays only where they lie:
// a vocabulary of 131072 strings is not read before somebody asks for it. Knows no key; gguf_config.h does.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/formats/gguf_cursor.h"

namespace grok1 {

// The numbers are those of the file.
enum class GgufType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};
const char* gguf_type_name(GgufType type);
uint32_t gguf_type_bytes(GgufType type);  // 0 for strings and arrays

struct GgufValue {
  GgufType type;  // of an array: of its elements
  bool is_array = false;
  uint64_t at = 0;     // where the value lies, behind its type: of a string or an array, the length
  uint64_t count = 1;  // of elements
  uint64_t begin = 0;  // of the first element, or of a string's bytes; count of a string: its bytes
  uint64_t bits = 0;   // a scalar
};

class GgufValues {
 public:
  explicit GgufValues(const JoinedFile& file) : file_(&file) {}

  // Reads one key and its value. Refuses a key that was there before.
  void read(GgufCursor& cursor);

  const JoinedFile& file() const { return *file_; }
  size_t size() const { return values_.size(); }
  const GgufValue* find(std::string_view key) const;  // NULL without
  bool has(std::string_view key) const { return find(key) != nullptr; }
  // Of a key that is there: throws GROK1_E_BAD_FILE if it has another type or lies outside.
  int64_t integer(std::string_view key, int64_t least, int64_t most) const;
  double number(std::string_view key, double least, double most) const;  // of kFloat32 or kFloat64
  bool flag(std::string_view key) const;
  std::string text(std::string_view key) const;
  const GgufValue& array(std::string_view key, GgufType type) const;

  template <class... Args>
  [[noreturn]] void fail(std::string_view key, fmt::format_string<Args...> format, Args&&... args) const {
    const GgufValue* value = find(key);
    fail_in_gguf(*file_, value == nullptr ? 0 : value->at, "{}: {}", key,
                 fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  [[noreturn]] void refuse(std::string_view key, fmt::format_string<Args...> format, Args&&... args) const {
    const GgufValue* value = find(key);
    refuse_in_gguf(*file_, value == nullptr ? 0 : value->at, "{}: {}", key,
                   fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  const GgufValue& get(std::string_view key, std::string_view wanted) const;

  const JoinedFile* file_;
  std::map<std::string, GgufValue, std::less<>> values_;
};

}  // namespace grok1
