#include "core/formats/hf_pieces.h"

#include <algorithm>
#include <cstring>

#include "core/base/checked_size.h"
#include "core/base/failure.h"

namespace grok1 {
namespace {

// Of a stored matrix [outer, inner], or a vector [outer].
enum class Axis : uint8_t { kNone, kOuter, kInner };

// Column-parallel matrices are cut along what they put out, row-parallel ones along what they take in, the vocabulary
// along its tokens. Norms and routers are whole in every rank.
Axis cut_axis(TensorRole role) {
  switch (role) {
    case TensorRole::kEmbedding:
    case TensorRole::kHead:
    case TensorRole::kQuery:
    case TensorRole::kKey:
    case TensorRole::kValue:
    case TensorRole::kGate:
    case TensorRole::kUp: return Axis::kOuter;
    case TensorRole::kAttentionOut:
    case TensorRole::kDown: return Axis::kInner;
    default: return Axis::kNone;
  }
}

class Assembly {
 public:
  Assembly(StoredArray& array, const HfName& name, const std::vector<HfPiece>& pieces)
      : array_(array), name_(name), pieces_(pieces), matrix_(array.rank != 1) {}

  void run(uint32_t ranks) {
    for (const HfPiece& piece : pieces_) check_type(piece);
    require_ranks(ranks);
    const bool whole = std::all_of(pieces_.begin(), pieces_.end(), [this](const HfPiece& p) { return is_whole(p); });
    if (whole) return add_whole();
    add_shards();
  }

 private:
  uint64_t outer_of(const HfPiece& piece) const { return piece.entry.shape[0]; }
  uint64_t inner_of(const HfPiece& piece) const { return matrix_ ? piece.entry.shape[1] : 1; }
  bool has_rank(const HfPiece& piece) const { return piece.entry.rank == (matrix_ ? 2 : 1); }
  bool is_whole(const HfPiece& piece) const {
    return has_rank(piece) && outer_of(piece) == array_.outer() && inner_of(piece) == array_.inner();
  }

  void check_type(const HfPiece& piece) {
    const SafetensorsEntry& entry = piece.entry;
    if (entry.encoding == GROK1_ENCODING_NONE) fail_type(piece, "F32, F16 or BF16");
    if (array_.encoding == GROK1_ENCODING_NONE) array_.encoding = entry.encoding;
    // Experts, and shards, are one tensor to everybody else.
    if (array_.encoding != entry.encoding) fail_type(piece, "the type of the tensor's other parts");
  }

  [[noreturn]] static void fail_type(const HfPiece& piece, const char* wanted) {
    throw Failure(GROK1_E_UNSUPPORTED,
                  fmt::format("{}: at byte {}: '{}' is of type {}; {} wanted", piece.file->path(), piece.entry.dtype_at,
                              piece.entry.name, piece.entry.dtype, wanted),
                  GROK1_SOURCE_FILE, 0, piece.entry.dtype_at)
        .counted_as(FileFault::kEncoding);
  }

  void require_ranks(uint32_t ranks) const {
    if (!pieces_.front().rank) return;
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      if (rank < pieces_.size() && pieces_[rank].rank == rank) continue;
      fail_in_file(FileFault::kMissing, pieces_.front().file->path(), pieces_.front().entry.name_at,
                   "'{}' wanted in the shards of all {} ranks, found none of rank {}", pieces_.front().entry.name,
                   ranks, rank);
    }
  }

  // Every rank's is the whole: they must be the same, and the first is as good as any.
  void add_whole() {
    const HfPiece& first = pieces_.front();
    for (const HfPiece& piece : pieces_) {
      const std::byte* bytes = piece.file->contiguous(piece.entry.offset, piece.entry.bytes);
      const std::byte* wanted = first.file->contiguous(first.entry.offset, first.entry.bytes);
      if (&piece == &first || std::memcmp(bytes, wanted, first.entry.bytes) == 0) continue;
      fail_in_file(FileFault::kDamaged, piece.file->path(), piece.entry.offset,
                   "'{}' wanted as it is in {}, found another", piece.entry.name, first.file->path());
    }
    add(first, 0, array_.outer(), 0, array_.inner());
  }

  void add_shards() {
    const Axis axis = cut_axis(name_.role);
    const bool outer = axis == Axis::kOuter;
    if (axis == Axis::kNone || !pieces_.front().rank) fail_shape(*first_odd(), axis);
    CheckedSize end = 0;
    for (const HfPiece& piece : pieces_) {
      if (!has_rank(piece) || (outer ? inner_of(piece) != array_.inner() : outer_of(piece) != array_.outer()))
        fail_shape(piece, axis);
      const uint64_t begin = end.value();
      end = end + (outer ? outer_of(piece) : inner_of(piece));
      if (begin == end.value() || end.value() > (outer ? array_.outer() : array_.inner())) fail_shape(piece, axis);
      if (outer) {
        add(piece, begin, end.value(), 0, array_.inner());
      } else {
        add(piece, 0, array_.outer(), begin, end.value());
      }
    }
    if (end.value() != (outer ? array_.outer() : array_.inner())) fail_shape(pieces_.back(), axis);
  }

  const HfPiece* first_odd() const {
    return &*std::find_if(pieces_.begin(), pieces_.end(), [this](const HfPiece& p) { return !is_whole(p); });
  }

  [[noreturn]] void fail_shape(const HfPiece& piece, Axis axis) const {
    const SafetensorsEntry& entry = piece.entry;
    const auto found = fmt::format("[{}]", fmt::join(entry.shape.begin(), entry.shape.begin() + entry.rank, ", "));
    const auto wanted =
        matrix_ ? fmt::format("[{}, {}]", array_.outer(), array_.inner()) : fmt::format("[{}]", array_.outer());
    if (!piece.rank || axis == Axis::kNone) {
      fail_in_file(piece.file->path(), entry.shape_at, "'{}' of shape {} wanted by config.json, found {}", entry.name,
                   wanted, found);
    }
    fail_in_file(piece.file->path(), entry.shape_at,
                 "'{}' in shards that make up {} along axis {} wanted, found {} of rank {}", entry.name, wanted,
                 axis == Axis::kOuter ? 0 : 1, found, *piece.rank);
  }

  void add(const HfPiece& piece, uint64_t outer_begin, uint64_t outer_end, uint64_t inner_begin, uint64_t inner_end) {
    array_.parts.push_back({piece.file, piece.entry.name, piece.entry.offset, piece.entry.bytes, name_.expert,
                            name_.expert + 1, outer_begin, outer_end, inner_begin, inner_end});
  }

  StoredArray& array_;
  const HfName& name_;
  const std::vector<HfPiece>& pieces_;
  bool matrix_;
};

}  // namespace

void add_hf_parts(StoredArray& array, const HfName& name, const std::vector<HfPiece>& pieces, uint32_t ranks) {
  Assembly(array, name, pieces).run(ranks);
}

bool same_rows(const StoredArray& a, const StoredArray& b) {
  if (a.encoding != b.encoding) return false;
  const uint64_t row_bytes = a.row_bytes();
  auto in_a = a.parts.begin(), in_b = b.parts.begin();
  for (uint64_t row = 0; row < a.outer();) {
    const uint64_t end = std::min(in_a->outer_end, in_b->outer_end), size = (end - row) * row_bytes;
    const std::byte* of_a = in_a->file->contiguous(in_a->offset + (row - in_a->outer_begin) * row_bytes, size);
    const std::byte* of_b = in_b->file->contiguous(in_b->offset + (row - in_b->outer_begin) * row_bytes, size);
    if (std::memcmp(of_a, of_b, size) != 0) return false;
    row = end;
    if (in_a->outer_end == end) ++in_a;
    if (in_b->outer_end == end) ++in_b;
  }
  return true;
}

}  // namespace grok1
