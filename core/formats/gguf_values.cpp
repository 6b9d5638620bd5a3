// Types and layout: docs/gguf.md of ggml-org/ggml.
#include "core/formats/gguf_values.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/base/checked_size.h"

namespace grok1 {
namespace {

constexpr uint64_t kMostKeyBytes = 65535;               // the specification's
constexpr uint64_t kMostTextBytes = uint64_t{1} << 26;  // a licence or a chat template is a value, too
constexpr uint64_t kMostStrings = uint64_t{1} << 24;    // in an array; each is walked over. Grok-1 has 131072

GgufType read_type(GgufCursor& cursor, std::string_view key) {
  const uint64_t at = cursor.position(), type = cursor.number(4, "a type");
  if (type > static_cast<uint64_t>(GgufType::kFloat64)) {
    fail_in_gguf(cursor.file(), at, "{}: a type of 0 to 12 wanted, found {}", key, type);
  }
  return static_cast<GgufType>(type);
}

void read_array(GgufCursor& cursor, std::string_view key, GgufValue& value) {
  value.is_array = true;
  const uint64_t type_at = cursor.position();
  value.type = read_type(cursor, key);
  if (value.type == GgufType::kArray) {
    refuse_in_gguf(cursor.file(), type_at, "{}: an array of numbers or strings wanted, found one of arrays", key);
  }
  value.at = cursor.position();
  value.count = cursor.number(8, "the length of an array");
  value.begin = cursor.position();
  const bool strings = value.type == GgufType::kString;
  // A string takes the 8 bytes of its length at least.
  const uint64_t least = strings ? 8 : gguf_type_bytes(value.type);
  if (value.count > cursor.left() / least || (strings && value.count > kMostStrings)) {
    fail_in_gguf(cursor.file(), value.at,
                 "{}: an array of {} elements, but the file has room for {} behind it, and {} "
                 "strings are the most",
                 key, value.count, cursor.left() / least, kMostStrings);
  }
  if (!strings) {
    cursor.skip((CheckedSize(value.count) * least).value(), "an array");
    return;
  }
  for (uint64_t i = 0; i < value.count; ++i) cursor.skip(cursor.length("a string", kMostTextBytes), "a string");
}

GgufValue read_value(GgufCursor& cursor, std::string_view key) {
  GgufValue value;
  value.type = read_type(cursor, key);
  value.at = value.begin = cursor.position();
  if (value.type == GgufType::kArray) {
    read_array(cursor, key, value);
  } else if (value.type == GgufType::kString) {
    value.count = cursor.length("a string", kMostTextBytes);
    value.begin = cursor.skip(value.count, "a string");
  } else {
    value.bits = cursor.number(gguf_type_bytes(value.type), "a value");
    if (value.type == GgufType::kBool && value.bits > 1) {
      fail_in_gguf(cursor.file(), value.at, "{}: a bool of 0 or 1 wanted, found {}", key, value.bits);
    }
  }
  return value;
}

// Keys and names go into messages as they are.
bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_signed(GgufType type) {
  return type == GgufType::kInt8 || type == GgufType::kInt16 || type == GgufType::kInt32 || type == GgufType::kInt64;
}

bool is_integer(GgufType type) {
  return is_signed(type) || type == GgufType::kUint8 || type == GgufType::kUint16 || type == GgufType::kUint32 ||
         type == GgufType::kUint64;
}

std::string found(const GgufValue& value) {
  return fmt::format("{}{}", value.is_array ? "an array of " : "", gguf_type_name(value.type));
}

}  // namespace

const char* gguf_type_name(GgufType type) {
  constexpr const char* kNames[] = {"uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
                                    "bool",  "string", "array",  "uint64", "int64",  "float64"};
  return kNames[static_cast<uint32_t>(type)];
}

uint32_t gguf_type_bytes(GgufType type) {
  constexpr uint32_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return kBytes[static_cast<uint32_t>(type)];
}

void GgufValues::read(GgufCursor& cursor) {
  const uint64_t at = cursor.position();
  std::string key = cursor.text("a key", kMostKeyBytes);
  if (!is_plain(key)) fail_in_gguf(*file_, at, "a key of printable ASCII without spaces wanted, found another");
  if (has(key)) fail_in_gguf(*file_, at, "{}: this key is there twice", key);
  GgufValue value = read_value(cursor, key);
  values_.emplace(std::move(key), value);
}

const GgufValue* GgufValues::find(std::string_view key) const {
  const auto at = values_.find(key);
  return at == values_.end() ? nullptr : &at->second;
}

const GgufValue& GgufValues::get(std::string_view key, std::string_view wanted) const {
  const GgufValue* value = find(key);
  if (value == nullptr) fail(key, "{} wanted, found no such key", wanted);
  return *value;
}

int64_t GgufValues::integer(std::string_view key, int64_t least, int64_t most) const {
  const GgufValue& value = get(key, fmt::format("an integer of {} to {}", least, most));
  if (value.is_array || !is_integer(value.type)) {
    fail(key, "an integer of {} to {} wanted, found {}", least, most, found(value));
  }
  const uint32_t unused = 64 - 8 * gguf_type_bytes(value.type);
  const int64_t number = static_cast<int64_t>(value.bits << unused) >> unused;  // extends the sign
  if (!is_signed(value.type)) {
    if (most < 0 || value.bits > static_cast<uint64_t>(most) || static_cast<int64_t>(value.bits) < least) {
      fail(key, "an integer of {} to {} wanted, found {}", least, most, value.bits);
    }
    return static_cast<int64_t>(value.bits);
  }
  if (number < least || number > most) fail(key, "an integer of {} to {} wanted, found {}", least, most, number);
  return number;
}

double GgufValues::number(std::string_view key, double least, double most) const {
  const GgufValue& value = get(key, fmt::format("a number of {} to {}", least, most));
  double number = 0;
  if (!value.is_array && value.type == GgufType::kFloat32) {
    number = std::bit_cast<float>(static_cast<uint32_t>(value.bits));
  } else if (!value.is_array && value.type == GgufType::kFloat64) {
    number = std::bit_cast<double>(value.bits);
  } else {
    fail(key, "a float32 or float64 wanted, found {}", found(value));
  }
  if (!(number >= least && number <= most)) fail(key, "a number of {} to {} wanted, found {}", least, most, number);
  return number;
}

bool GgufValues::flag(std::string_view key) const {
  const GgufValue& value = get(key, "a bool");
  if (value.is_array || value.type != GgufType::kBool) fail(key, "a bool wanted, found {}", found(value));
  return value.bits != 0;
}

std::string GgufValues::text(std::string_view key) const {
  const GgufValue& value = get(key, "a string");
  if (value.is_array || value.type != GgufType::kString) fail(key, "a string wanted, found {}", found(value));
  return GgufCursor(*file_, value.at).text(key, kMostTextBytes);
}

const GgufValue& GgufValues::array(std::string_view key, GgufType type) const {
  const GgufValue& value = get(key, fmt::format("an array of {}", gguf_type_name(type)));
  if (!value.is_array || value.type != type) {
    fail(key, "an array of {} wanted, found {}", gguf_type_name(type), found(value));
  }
  return value;
}

}  // namespace grok1
