// The parts of CPython's pickler (Modules/_pickle.c) that such an object passes through: opcodes, memo and frames. A
// frame is closed at the first object that begins after it has 64 KiB, and before a payload of 64 KiB, which stays
// outside frames. Nothing here can leave a frame of fewer than 4 bytes, which CPython would write without its header.
#include "pickle_writer.h"

#include <map>

namespace cli {
namespace {

constexpr uint64_t kFrameTarget = 64 * 1024;  // FRAME_SIZE_TARGET
constexpr size_t kFrameHeader = 9;            // opcode and 64-bit length

void append_little_endian(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

class Pickler {
 public:
  Pickler() : pieces_{{std::string("\x80\x04", 2), 0}}, position_(2) {}

  std::vector<PicklePiece> finish() {
    emit(".");  // STOP
    close_frame();
    return std::move(pieces_);
  }

  void array(const ArrayShape& array) {
    global("numpy.core.multiarray", "_reconstruct");
    global("numpy", "ndarray");
    begin_object();
    integer(0);
    emit("\x85");  // TUPLE1
    memoize();
    bytes_b();
    emit("\x87");  // TUPLE3
    memoize();
    emit("R");  // REDUCE
    memoize();
    begin_object();
    emit("(");  // MARK
    integer(1);
    shape(array.shape);
    dtype(array.type);
    constant('\x89');  // NEWFALSE: not in Fortran order
    payload(array.bytes());
    emit("t");  // TUPLE
    memoize();
    emit("b");  // BUILD
  }

  void quantized(const ArrayShape& weight, const ArrayShape& scales) {
    global("__main__", "QuantizedWeight8bit");
    begin_object();
    emit(")\x81");  // EMPTY_TUPLE, NEWOBJ
    memoize();
    begin_object();
    emit("}");  // EMPTY_DICT
    memoize();
    emit("(");  // MARK
    text("weight");
    array(weight);
    text("scales");
    array(scales);
    emit("ub");  // SETITEMS, BUILD
  }

 private:
  void emit(std::string_view opcodes) {
    if (!in_frame_) open_frame();
    pieces_.back().bytes += opcodes;
    position_ += opcodes.size();
  }

  void open_frame() {
    in_frame_ = true;
    frame_piece_ = pieces_.size() - 1;
    frame_offset_ = pieces_.back().bytes.size();
    pieces_.back().bytes.append(kFrameHeader, '\0');
    position_ += kFrameHeader;
    frame_begin_ = position_;
  }

  void close_frame() {
    if (!in_frame_) return;
    std::string header = "\x95";  // FRAME
    append_little_endian(header, position_ - frame_begin_, 8);
    pieces_[frame_piece_].bytes.replace(frame_offset_, kFrameHeader, header);
    in_frame_ = false;
  }

  // Where CPython's save() begins: the only place where a full frame is closed.
  void begin_object() {
    if (in_frame_ && position_ - frame_begin_ >= kFrameTarget) close_frame();
  }

  void memoize() {
    emit("\x94");  // MEMOIZE
    ++memo_size_;
  }

  // True if the object called `name` was met before; then it is fetched from the memo.
  bool fetch(const std::string& name) {
    begin_object();
    const auto found = memo_.find(name);
    if (found == memo_.end()) return false;
    emit(std::string("h") + static_cast<char>(found->second));  // BINGET
    return true;
  }

  void text(const std::string& value) {
    if (fetch("text " + value)) return;
    emit("\x8c" + std::string(1, static_cast<char>(value.size())) + value);  // SHORT_BINUNICODE
    memo_["text " + value] = memo_size_;
    memoize();
  }

  void global(const std::string& module, const std::string& name) {
    if (fetch("global " + module + " " + name)) return;
    text(module);
    text(name);
    emit("\x93");  // STACK_GLOBAL
    memo_["global " + module + " " + name] = memo_size_;
    memoize();
  }

  void bytes_b() {
    if (fetch("bytes b")) return;
    emit(
        std::string("C\x01"
                    "b"));  // SHORT_BINBYTES
    memo_["bytes b"] = memo_size_;
    memoize();
  }

  void constant(char opcode) {
    begin_object();
    emit({&opcode, 1});
  }

  void integer(int64_t value) {
    begin_object();
    std::string out;
    const bool small = value >= 0 && value <= 0xffff;
    out += !small ? 'J' : value <= 0xff ? 'K' : 'M';  // BININT, BININT1, BININT2
    append_little_endian(out, static_cast<uint64_t>(value), !small ? 4 : value <= 0xff ? 1 : 2);
    emit(out);
  }

  void shape(const std::vector<uint64_t>& shape) {
    begin_object();
    for (const uint64_t size : shape) integer(static_cast<int64_t>(size));
    const char tuple = static_cast<char>(0x84 + shape.size());  // TUPLE1, TUPLE2, TUPLE3
    emit({&tuple, 1});
    memoize();
  }

  void dtype(ElementType type) {
    const bool bfloat16 = type == ElementType::kBfloat16;
    global("numpy", "dtype");
    begin_object();
    if (bfloat16)
      global("ml_dtypes", "bfloat16");
    else
      text(type == ElementType::kInt8 ? "i1" : "f4");
    constant('\x89');  // NEWFALSE
    constant('\x88');  // NEWTRUE
    emit("\x87");      // TUPLE3
    memoize();
    emit("R");
    memoize();
    begin_object();
    emit("(");
    integer(3);
    text(type == ElementType::kInt8 ? "|" : "<");
    for (int i = 0; i < 3; ++i) constant('N');  // NONE
    integer(bfloat16 ? 2 : -1);                 // size and alignment, stated for types that numpy does not know
    integer(bfloat16 ? 2 : -1);
    integer(bfloat16 ? 64 : 0);  // flags
    emit("t");
    memoize();
    emit("b");
  }

  void payload(uint64_t size) {
    begin_object();
    const bool outside = size >= kFrameTarget;
    std::string header = size <= 0xff ? "C" : size <= 0xffffffff ? "B" : "\x8e";  // SHORT_BINBYTES, BINBYTES, BINBYTES8
    append_little_endian(header, size, size <= 0xff ? 1 : size <= 0xffffffff ? 4 : 8);
    if (outside) {
      close_frame();
      pieces_.back().bytes += header;
      position_ += header.size();
    } else {
      emit(header);
    }
    pieces_.back().payload = size;
    position_ += size;
    pieces_.emplace_back();
    memoize();
  }

  std::vector<PicklePiece> pieces_;
  uint64_t position_;  // in the file
  std::map<std::string, int> memo_;
  int memo_size_ = 0;
  bool in_frame_ = false;
  size_t frame_piece_ = 0, frame_offset_ = 0;  // where its header is
  uint64_t frame_begin_ = 0;                   // first byte behind its header
};

}  // namespace

uint64_t ArrayShape::bytes() const {
  uint64_t count = type == ElementType::kInt8 ? 1 : type == ElementType::kFloat32 ? 4 : 2;
  for (const uint64_t size : shape) count *= size;
  return count;
}

std::vector<PicklePiece> pickle_array(const ArrayShape& array) {
  Pickler pickler;
  pickler.array(array);
  return pickler.finish();
}

std::vector<PicklePiece> pickle_quantized(const ArrayShape& weight, const ArrayShape& scales) {
  Pickler pickler;
  pickler.quantized(weight, scales);
  return pickler.finish();
}

}  // namespace cli
