// What the values of a pickle mean: the five callables it may name, what they may be called with and what state their
// objects may be given. Refuses everything that the release's files do not contain. The opcodes are read in pickle.cpp.
#pragma once

#include <string_view>
#include <vector>

#include "core/formats/pickle.h"

namespace grok1 {

struct PickleValue {
  enum class Kind : uint8_t {
    kMark,
    kNone,
    kBool,
    kInteger,
    kString,
    kBytes,
    kTuple,
    kDict,
    kGlobal,
    kDtype,
    kArray,
    kQuantized
  };
  Kind kind = Kind::kNone;
  uint64_t at = 0;                 // where the opcode that made it lies
  int64_t number = 0;              // of integer and bool; otherwise which tuple, dict, global, dtype, array, object
  uint64_t offset = 0, bytes = 0;  // of string and bytes, in the file
};

class PickleObjects {
 public:
  PickleObjects(const std::string& path, std::span<const std::byte> file) : path_(path), file_(file) {}

  // Each makes or changes an object for the opcode at `at`.
  PickleValue tuple(std::span<const PickleValue> elements, uint64_t at);
  PickleValue dict(uint64_t at);
  PickleValue global(const PickleValue& module, const PickleValue& name, uint64_t at) const;
  PickleValue reduce(const PickleValue& callable, const PickleValue& arguments, uint64_t at);
  PickleValue new_object(const PickleValue& type, const PickleValue& arguments, uint64_t at);
  void set_items(const PickleValue& dict, std::span<const PickleValue> items, uint64_t at);
  void build(const PickleValue& object, const PickleValue& state, uint64_t at);

  // What the whole pickle holds, if `top` is its one object.
  Pickle result(const PickleValue& top, uint64_t at) const;

 private:
  using Kind = PickleValue::Kind;
  struct Dtype {
    uint32_t encoding;
    bool built = false;
  };
  struct Array {
    PickledArray value;
    bool built = false;
  };
  struct Pair {  // of a dict, and then of the object that has the dict as its state: indices of arrays
    int64_t weight = -1, scales = -1;
  };

  bool is_integer(const PickleValue& value, int64_t number) const;
  bool is_bool(const PickleValue& value, bool flag) const;
  bool is_global(const PickleValue& value, int64_t global) const;
  bool is_text(const PickleValue& value, Kind kind, std::string_view text) const;
  std::string_view text(const PickleValue& value) const;
  std::span<const PickleValue> elements(const PickleValue& tuple) const;  // none if it is not one

  PickleValue make_array(std::span<const PickleValue> arguments, uint64_t at);
  PickleValue make_dtype(std::span<const PickleValue> arguments, uint64_t at);
  void build_array(Array& array, std::span<const PickleValue> state, uint64_t at);
  void build_dtype(Dtype& dtype, std::span<const PickleValue> state, uint64_t at);
  void read_shape(PickledArray& array, const PickleValue& shape) const;
  void check_payload(const PickledArray& array, const PickleValue& payload) const;

  const std::string& path_;
  std::span<const std::byte> file_;
  std::vector<std::vector<PickleValue>> tuples_;
  std::vector<Dtype> dtypes_;
  std::vector<Array> arrays_;
  std::vector<Pair> dicts_;
  std::vector<Pair> quantized_;
};

// Text of a file as a message can show it: at most 64 bytes, printable ASCII, '?' for the rest.
std::string printable(std::string_view text);

}  // namespace grok1
