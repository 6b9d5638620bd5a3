#include "core/formats/pickle_objects.h"

#include <algorithm>

#include "core/base/checked_size.h"
#include "core/base/encoding.h"

namespace grok1 {
namespace {

enum Global : int64_t { kReconstruct, kNdarray, kDtypeClass, kQuantizedWeight, kBfloat16 };

struct GlobalName {
  std::string_view module, name;
  Global global;
};

// The type is ml_dtypes' in the release; other versions of JAX name another module for the same type.
constexpr GlobalName kGlobals[] = {
    {"numpy.core.multiarray", "_reconstruct", kReconstruct},
    {"numpy", "ndarray", kNdarray},
    {"numpy", "dtype", kDtypeClass},
    {"__main__", "QuantizedWeight8bit", kQuantizedWeight},
    {"ml_dtypes", "bfloat16", kBfloat16},
    {"jax.numpy", "bfloat16", kBfloat16},
    {"jaxlib", "bfloat16", kBfloat16},
    {"jaxlib.xla_extension", "bfloat16", kBfloat16},
};

constexpr size_t kMostRank = 4;

}  // namespace

std::string printable(std::string_view text) {
  std::string shown(text.substr(0, 64));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

std::string_view PickleObjects::text(const PickleValue& value) const {
  return {reinterpret_cast<const char*>(file_.data()) + value.offset, value.bytes};
}

bool PickleObjects::is_integer(const PickleValue& value, int64_t number) const {
  return value.kind == Kind::kInteger && value.number == number;
}

bool PickleObjects::is_bool(const PickleValue& value, bool flag) const {
  return value.kind == Kind::kBool && value.number == static_cast<int64_t>(flag);
}

bool PickleObjects::is_global(const PickleValue& value, int64_t global) const {
  return value.kind == Kind::kGlobal && value.number == global;
}

bool PickleObjects::is_text(const PickleValue& value, Kind kind, std::string_view wanted) const {
  return value.kind == kind && text(value) == wanted;
}

std::span<const PickleValue> PickleObjects::elements(const PickleValue& value) const {
  if (value.kind != Kind::kTuple) return {};
  return tuples_[static_cast<size_t>(value.number)];
}

PickleValue PickleObjects::tuple(std::span<const PickleValue> elements, uint64_t at) {
  tuples_.emplace_back(elements.begin(), elements.end());
  return {Kind::kTuple, at, static_cast<int64_t>(tuples_.size() - 1)};
}

PickleValue PickleObjects::dict(uint64_t at) {
  dicts_.emplace_back();
  return {Kind::kDict, at, static_cast<int64_t>(dicts_.size() - 1)};
}

PickleValue PickleObjects::global(const PickleValue& module, const PickleValue& name, uint64_t at) const {
  if (module.kind != Kind::kString || name.kind != Kind::kString) {
    fail_in_file(path_, at, "STACK_GLOBAL wants two strings, module and name");
  }
  for (const GlobalName& known : kGlobals) {
    if (text(module) == known.module && text(name) == known.name) return {Kind::kGlobal, at, known.global};
  }
  fail_in_file(path_, at, "the pickle names '{}' of '{}', which no Grok-1 checkpoint needs; it is refused",
               printable(text(name)), printable(text(module)));
}

PickleValue PickleObjects::reduce(const PickleValue& callable, const PickleValue& arguments, uint64_t at) {
  if (is_global(callable, kReconstruct)) return make_array(elements(arguments), at);
  if (is_global(callable, kDtypeClass)) return make_dtype(elements(arguments), at);
  fail_in_file(path_, at, "REDUCE may call numpy's _reconstruct and dtype only");
}

// _reconstruct(ndarray, (0,), b'b'): an empty array that BUILD then fills.
PickleValue PickleObjects::make_array(std::span<const PickleValue> arguments, uint64_t at) {
  const bool known = arguments.size() == 3 && is_global(arguments[0], kNdarray) && elements(arguments[1]).size() == 1 &&
                     is_integer(elements(arguments[1])[0], 0) && is_text(arguments[2], Kind::kBytes, "b");
  if (!known) fail_in_file(path_, at, "_reconstruct wants the arguments (ndarray, (0,), b'b')");
  arrays_.emplace_back();
  return {Kind::kArray, at, static_cast<int64_t>(arrays_.size() - 1)};
}

PickleValue PickleObjects::make_dtype(std::span<const PickleValue> arguments, uint64_t at) {
  if (arguments.size() != 3 || !is_bool(arguments[1], false) || !is_bool(arguments[2], true)) {
    fail_in_file(path_, at, "dtype wants the arguments (type, False, True)");
  }
  const PickleValue& type = arguments[0];
  uint32_t encoding = GROK1_ENCODING_NONE;
  if (is_text(type, Kind::kString, "i1")) encoding = GROK1_ENCODING_I8;
  if (is_text(type, Kind::kString, "f4")) encoding = GROK1_ENCODING_F32;
  if (is_global(type, kBfloat16)) encoding = GROK1_ENCODING_BF16;
  if (encoding == GROK1_ENCODING_NONE) {
    fail_in_file(path_, at, "an array of i1, f4 or bfloat16 wanted, found {}",
                 type.kind == Kind::kString ? "'" + printable(text(type)) + "'" : "something that is no type");
  }
  dtypes_.push_back({encoding});
  return {Kind::kDtype, at, static_cast<int64_t>(dtypes_.size() - 1)};
}

PickleValue PickleObjects::new_object(const PickleValue& type, const PickleValue& arguments, uint64_t at) {
  if (!is_global(type, kQuantizedWeight) || arguments.kind != Kind::kTuple || !elements(arguments).empty()) {
    fail_in_file(path_, at, "NEWOBJ may make a QuantizedWeight8bit without arguments only");
  }
  quantized_.emplace_back();
  return {Kind::kQuantized, at, static_cast<int64_t>(quantized_.size() - 1)};
}

void PickleObjects::set_items(const PickleValue& value, std::span<const PickleValue> items, uint64_t at) {
  if (value.kind != Kind::kDict) fail_in_file(path_, at, "SETITEMS wants a dict");
  Pair& dict = dicts_[static_cast<size_t>(value.number)];
  const auto built = [&](const PickleValue& item) {
    return item.kind == Kind::kArray && arrays_[static_cast<size_t>(item.number)].built;
  };
  const bool known = dict.weight < 0 && items.size() == 4 && is_text(items[0], Kind::kString, "weight") &&
                     built(items[1]) && is_text(items[2], Kind::kString, "scales") && built(items[3]);
  if (!known) fail_in_file(path_, at, "the state of a QuantizedWeight8bit wants exactly two arrays, weight and scales");
  dict = {items[1].number, items[3].number};
}

void PickleObjects::build(const PickleValue& object, const PickleValue& state, uint64_t at) {
  const auto index = static_cast<size_t>(object.number);
  if (object.kind == Kind::kArray) return build_array(arrays_[index], elements(state), at);
  if (object.kind == Kind::kDtype) return build_dtype(dtypes_[index], elements(state), at);
  if (object.kind != Kind::kQuantized)
    fail_in_file(path_, at, "BUILD wants an array, a dtype or a QuantizedWeight8bit");
  const bool filled = state.kind == Kind::kDict && dicts_[static_cast<size_t>(state.number)].weight >= 0;
  if (!filled || quantized_[index].weight >= 0) {
    fail_in_file(path_, at, "a QuantizedWeight8bit wants one state, a dict of weight and scales");
  }
  quantized_[index] = dicts_[static_cast<size_t>(state.number)];
}

void PickleObjects::build_dtype(Dtype& dtype, std::span<const PickleValue> state, uint64_t at) {
  const bool bfloat16 = dtype.encoding == GROK1_ENCODING_BF16;
  const std::string_view order = dtype.encoding == GROK1_ENCODING_I8 ? "|" : "<";
  // Item size and alignment are stated for types that numpy does not know itself; 64 is its flag NPY_USE_GETITEM.
  const int64_t size = bfloat16 ? 2 : -1, flags = bfloat16 ? 64 : 0;
  const auto none = [](const PickleValue& value) { return value.kind == Kind::kNone; };
  const bool known = !dtype.built && state.size() == 8 && is_integer(state[0], 3) &&
                     is_text(state[1], Kind::kString, order) && none(state[2]) && none(state[3]) && none(state[4]) &&
                     is_integer(state[5], size) && is_integer(state[6], size) && is_integer(state[7], flags);
  if (!known) {
    fail_in_file(path_, at, "the dtype {} wants the state (3, '{}', None, None, None, {}, {}, {})",
                 encoding_name(dtype.encoding), order, size, size, flags);
  }
  dtype.built = true;
}

void PickleObjects::build_array(Array& array, std::span<const PickleValue> state, uint64_t at) {
  const bool known = !array.built && state.size() == 5 && is_integer(state[0], 1) && state[1].kind == Kind::kTuple &&
                     state[2].kind == Kind::kDtype && dtypes_[static_cast<size_t>(state[2].number)].built &&
                     is_bool(state[3], false) && state[4].kind == Kind::kBytes;
  if (!known) {
    fail_in_file(path_, at,
                 "an array wants the state (1, shape, dtype, False, bytes): not in Fortran order, no objects");
  }
  PickledArray& value = array.value;
  value.encoding = dtypes_[static_cast<size_t>(state[2].number)].encoding;
  value.dtype_at = state[2].at;
  value.offset = state[4].offset;
  value.bytes = state[4].bytes;
  read_shape(value, state[1]);
  check_payload(value, state[4]);
  array.built = true;
}

void PickleObjects::read_shape(PickledArray& array, const PickleValue& shape) const {
  const std::span<const PickleValue> sizes = elements(shape);
  array.shape_at = shape.at;
  if (sizes.size() > kMostRank) {
    fail_in_file(path_, shape.at, "an array of at most {} dimensions wanted, found {}", kMostRank, sizes.size());
  }
  for (const PickleValue& size : sizes) {
    if (size.kind != Kind::kInteger || size.number < 0) {
      fail_in_file(path_, size.at, "a dimension wants an integer of 0 or more");
    }
    array.shape[array.rank++] = static_cast<uint64_t>(size.number);
  }
}

void PickleObjects::check_payload(const PickledArray& array, const PickleValue& payload) const {
  uint64_t wanted = 0;
  try {
    CheckedSize size = encoding_bytes(array.encoding);
    for (uint32_t i = 0; i < array.rank; ++i) size = size * array.shape[i];
    wanted = size.value();
  } catch (const Failure& failure) {
    fail_in_file(path_, array.shape_at, "the array's shape is too large: {}", failure.message());
  }
  if (wanted != payload.bytes) {
    fail_in_file(path_, payload.at, "{} bytes of data wanted by the array's shape and type, found {}", wanted,
                 payload.bytes);
  }
}

Pickle PickleObjects::result(const PickleValue& top, uint64_t at) const {
  const auto index = static_cast<size_t>(top.number);
  if (top.kind == Kind::kArray && arrays_[index].built) return {arrays_[index].value, std::nullopt};
  if (top.kind == Kind::kQuantized && quantized_[index].weight >= 0) {
    return {arrays_[static_cast<size_t>(quantized_[index].weight)].value,
            arrays_[static_cast<size_t>(quantized_[index].scales)].value};
  }
  fail_in_file(path_, at, "the pickle wants to hold an array or a QuantizedWeight8bit, found something else");
}

}  // namespace grok1
