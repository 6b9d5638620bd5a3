// The opcodes: a cursor that never leaves the file or the current frame, a stack and a memo. Python's pickletools.py
// says what each opcode does; what it may do here, pickle_objects.h.
#include "core/formats/pickle.h"

#include "core/base/failure.h"
#include "core/formats/pickle_objects.h"

namespace grok1 {
namespace {

using Kind = PickleValue::Kind;

// A bare array takes 61 to 64 opcodes, a QuantizedWeight8bit 126 to 131; the rest is room, not need.
constexpr uint64_t kMostOpcodes = 512;
constexpr size_t kMostStack = 32;
constexpr size_t kMostMemo = 64;
constexpr uint64_t kMostString = 64;

enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kReduce = 'R',
  kEmptyTuple = ')',
  kEmptyDict = '}',
  kBuild = 'b',
  kBinGet = 'h',
  kTuple = 't',
  kSetItems = 'u',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kShortBinUnicode = 0x8c,
  kBinBytes8 = 0x8e,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

std::string with_commas(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

class Walker {
 public:
  Walker(const std::string& path, std::span<const std::byte> file) : path_(path), file_(file), objects_(path, file) {}

  Pickle run() {
    if (file_.size() < 2 || byte(0) != kProto || byte(1) != 4) {
      fail_in_file(file_.size() < 2 ? FileFault::kShort : FileFault::kDamaged, path_, 0,
                   "a pickle of protocol 4 wanted, found something else");
    }
    position_ = 2;
    for (uint64_t count = 1;; ++count) {  // PROTO was the first
      at_ = position_;
      if (position_ == frame_end_) frame_end_ = 0;
      if (count == kMostOpcodes) fail_in_file(path_, at_, "at most {} opcodes wanted, found more", kMostOpcodes);
      const auto opcode = static_cast<uint8_t>(number(1));
      if (opcode == kStop) return stop();
      step(opcode);
    }
  }

 private:
  uint8_t byte(uint64_t offset) const { return static_cast<uint8_t>(file_[offset]); }

  // Steps over `size` bytes and returns where they begin.
  uint64_t take(uint64_t size) {
    if (size > file_.size() - position_) fail_short(position_, size);
    if (frame_end_ != 0 && size > frame_end_ - position_) {
      fail_in_file(path_, at_, "an opcode reaches over the end of its frame, byte {}", frame_end_);
    }
    const uint64_t begin = position_;
    position_ += size;
    return begin;
  }

  [[noreturn]] void fail_short(uint64_t begin, uint64_t size) const {
    uint64_t wanted;
    if (__builtin_add_overflow(begin, size, &wanted)) {
      fail_in_file(path_, at_, "a length of {} bytes reaches over the end of the file", size);
    }
    // STOP follows whatever it is that reaches over the end.
    fail_in_file(FileFault::kShort, path_, at_,
                 "file has {} bytes, at least {} expected; it was cut short, fetch it again", with_commas(file_.size()),
                 with_commas(wanted));
  }

  // Unsigned, little-endian.
  uint64_t number(uint64_t size) {
    const uint64_t begin = take(size);
    uint64_t value = 0;
    for (uint64_t i = size; i-- > 0;) value = value << 8 | byte(begin + i);
    return value;
  }

  void push(PickleValue value) {
    if (stack_.size() == kMostStack) fail_in_file(path_, at_, "a stack of at most {} values wanted", kMostStack);
    stack_.push_back(value);
  }
  void push(Kind kind, int64_t value = 0) { push({kind, at_, value}); }

  const PickleValue& top() const {
    if (stack_.empty() || stack_.back().kind == Kind::kMark) {
      fail_in_file(path_, at_, "opcode {:#04x} wants a value on the stack, found none", byte(at_));
    }
    return stack_.back();
  }

  PickleValue pop() {
    const PickleValue value = top();
    stack_.pop_back();
    return value;
  }

  // The values above the last mark; drops them and the mark.
  std::vector<PickleValue> pop_to_mark() {
    size_t begin = stack_.size();
    while (begin > 0 && stack_[begin - 1].kind != Kind::kMark) --begin;
    if (begin == 0) fail_in_file(path_, at_, "opcode {:#04x} wants a mark on the stack, found none", byte(at_));
    std::vector<PickleValue> values(stack_.begin() + static_cast<ptrdiff_t>(begin), stack_.end());
    stack_.resize(begin - 1);
    return values;
  }

  void push_tuple(size_t size) {
    std::array<PickleValue, 3> values;
    for (size_t i = size; i-- > 0;) values[i] = pop();
    push(objects_.tuple({values.data(), size}, at_));
  }

  void push_text(Kind kind, uint64_t length_size) {
    const uint64_t size = number(length_size);
    if (kind == Kind::kString && size > kMostString) {
      fail_in_file(path_, at_, "a string of at most {} bytes wanted, found {}", kMostString, size);
    }
    const uint64_t begin = take(size);
    push({kind, at_, 0, begin, size});
  }

  void begin_frame() {
    if (frame_end_ != 0) fail_in_file(path_, at_, "a frame begins inside another one");
    const uint64_t size = number(8);
    if (size > file_.size() - position_) fail_short(position_, size);
    frame_end_ = position_ + size;
  }

  void memoize() {
    if (memo_.size() == kMostMemo) fail_in_file(path_, at_, "a memo of at most {} values wanted", kMostMemo);
    memo_.push_back(top());
  }

  void push_memo() {
    const uint64_t index = number(1);
    if (index >= memo_.size()) {
      fail_in_file(path_, at_, "memo entry {} wanted, the memo has {}", index, memo_.size());
    }
    push(memo_[index]);
  }

  void step(uint8_t opcode) {
    switch (opcode) {
      case kFrame: return begin_frame();
      case kShortBinUnicode: return push_text(Kind::kString, 1);
      case kShortBinBytes: return push_text(Kind::kBytes, 1);
      case kBinBytes: return push_text(Kind::kBytes, 4);
      case kBinBytes8: return push_text(Kind::kBytes, 8);
      case kMemoize: return memoize();
      case kBinGet: return push_memo();
      case kBinInt: return push(Kind::kInteger, static_cast<int32_t>(number(4)));
      case kBinInt1: return push(Kind::kInteger, static_cast<int64_t>(number(1)));
      case kBinInt2: return push(Kind::kInteger, static_cast<int64_t>(number(2)));
      case kMark: return push(Kind::kMark);
      case kNone: return push(Kind::kNone);
      case kNewTrue: return push(Kind::kBool, 1);
      case kNewFalse: return push(Kind::kBool, 0);
      case kEmptyTuple: return push(objects_.tuple({}, at_));
      case kTuple1: return push_tuple(1);
      case kTuple2: return push_tuple(2);
      case kTuple3: return push_tuple(3);
      case kTuple: {
        const std::vector<PickleValue> values = pop_to_mark();
        return push(objects_.tuple(values, at_));
      }
      case kEmptyDict: return push(objects_.dict(at_));
      default: return step_object(opcode);
    }
  }

  void step_object(uint8_t opcode) {
    switch (opcode) {
      case kSetItems: {
        const std::vector<PickleValue> items = pop_to_mark();
        return objects_.set_items(top(), items, at_);
      }
      case kStackGlobal: {
        const PickleValue name = pop(), module = pop();
        return push(objects_.global(module, name, at_));
      }
      case kReduce: {
        const PickleValue arguments = pop(), callable = pop();
        return push(objects_.reduce(callable, arguments, at_));
      }
      case kNewObj: {
        const PickleValue arguments = pop(), type = pop();
        return push(objects_.new_object(type, arguments, at_));
      }
      case kBuild: {
        const PickleValue state = pop();
        return objects_.build(top(), state, at_);
      }
      default: fail_in_file(path_, at_, "opcode {:#04x} is not allowed in a checkpoint; the pickle is refused", opcode);
    }
  }

  Pickle stop() {
    const PickleValue object = pop();
    if (!stack_.empty()) {
      fail_in_file(path_, at_, "a pickle of exactly one object wanted, found {} values", stack_.size() + 1);
    }
    if (position_ != file_.size()) {
      fail_in_file(path_, position_, "the end of the file wanted behind STOP, found {} bytes more",
                   file_.size() - position_);
    }
    return objects_.result(object, at_);
  }

  const std::string& path_;
  std::span<const std::byte> file_;
  PickleObjects objects_;
  std::vector<PickleValue> stack_, memo_;
  uint64_t position_ = 0;
  uint64_t at_ = 0;         // of the opcode being read
  uint64_t frame_end_ = 0;  // 0 outside frames
};

}  // namespace

Pickle read_pickle(const std::string& path, std::span<const std::byte> file) {
  return Walker(path, file).run();
}

}  // namespace grok1
