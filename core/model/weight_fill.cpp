#include "core/model/weight_fill.h"

#include <optional>

#include "core/base/read_ahead.h"
#include "core/model/weight_pieces.h"
#include "core/model/weight_slices.h"

namespace grok1 {
namespace {

constexpr uint64_t kReadBytes = 8u << 20;     // one request: what disks need to be at their fastest, and no more
constexpr uint64_t kMappedBytes = 64u << 20;  // large enough to keep a copy engine busy

struct Slice {
  uint32_t member;
  grok1_weight_desc desc;
  bool in_place;
};

// All that is to be done for a tensor.
struct TensorLoad {
  const Tensor* tensor;
  std::vector<Slice> slices;
  std::vector<Piece> pieces;
};

bool is_used_in_place(const Device& device, const grok1_weight_desc& desc) {
  grok1_weight_plan plan = GROK1_INIT(grok1_weight_plan);
  device.call(device.ops().weight_plan, device.get(), &desc, &plan);
  return plan.in_place != 0;
}

std::vector<TensorLoad> plan_loads(const std::vector<std::shared_ptr<Device>>& devices, const TensorSource& source,
                                   const Division& division, uint32_t how) {
  std::vector<TensorLoad> loads;
  for (const Tensor& tensor : source.tensors()) {
    TensorLoad& load = loads.emplace_back(TensorLoad{&tensor, {}, {}});
    std::vector<grok1_weight_desc> copied;
    for (uint32_t m = 0; m < devices.size(); ++m) {
      const auto slice = slice_of(tensor, source.config(), division, m);
      if (!slice) continue;
      const grok1_weight_desc desc = as_loaded(*slice, how);
      load.slices.push_back({m, desc, is_used_in_place(*devices[m], desc)});
      if (!load.slices.back().in_place) copied.push_back(desc);
    }
    load.pieces = cut_into_pieces(tensor, copied, how == GROK1_WEIGHTS_READ ? kReadBytes : kMappedBytes);
  }
  return loads;
}

// The rows of all pieces, one piece after the other.
class PieceBytes {
 public:
  PieceBytes(const std::vector<TensorLoad>& loads, uint32_t how) {
    if (how != GROK1_WEIGHTS_READ) return;
    std::vector<FileRange> ranges;
    for (const TensorLoad& load : loads) {
      for (const Piece& piece : load.pieces)
        for (const Run& run : piece.runs) ranges.push_back(run.range);
    }
    reader_.emplace(std::move(ranges));
  }
  // Valid until the next call.
  const std::byte* next(const Piece& piece) {
    if (piece.runs.size() == 1) return next(piece.runs.front());
    joined_.resize(piece.bytes());
    for (const Run& run : piece.runs) place_run(run, next(run), piece.row_bytes, joined_.data());
    return joined_.data();
  }

 private:
  const std::byte* next(const Run& run) {
    return reader_ ? reader_->next().data() : run.range.file->bytes().data() + run.range.offset;
  }

  std::optional<ReadAhead> reader_;
  std::vector<std::byte> joined_;
};

void set_readahead(const StoredArray& array) {
  for (const TensorPart& part : array.parts) part.file->set_readahead(true);
}

using Queues = std::vector<Owned<grok1_queue>>;

void copy_piece(const std::vector<std::shared_ptr<Device>>& devices, const Queues& queues,
                const std::vector<grok1_weight*>& weights, const TensorLoad& load, const Piece& piece,
                const std::byte* data) {
  for (size_t i = 0; i < load.slices.size(); ++i) {
    const Slice& slice = load.slices[i];
    if (slice.in_place) continue;
    const Device& device = *devices[slice.member];
    for_each_chunk(slice.desc, piece, data, [&](const grok1_weight_chunk& chunk) {
      device.call(device.ops().weight_chunk, weights[i], queues[slice.member].get(), &chunk);
    });
  }
  for (const Slice& slice : load.slices) {  // after all have begun
    const Device& device = *devices[slice.member];
    if (!slice.in_place) device.call(device.ops().queue_sync, queues[slice.member].get());
  }
}

}  // namespace

grok1_weight_desc as_loaded(grok1_weight_desc slice, uint32_t how) {
  if (how == GROK1_WEIGHTS_READ) slice.data = slice.scales = nullptr;
  return slice;
}

bool fill_weights(const std::vector<std::shared_ptr<Device>>& devices, const TensorSource& source,
                  const Division& division, uint32_t how,
                  const std::function<WeightPtr&(const Tensor& tensor, uint32_t member)>& place,
                  const LoadProgress& progress) {
  const std::vector<TensorLoad> loads = plan_loads(devices, source, division, how);
  uint64_t total = 0, done = 0;
  for (const Tensor& tensor : source.tensors()) total += tensor.bytes();
  progress(0, total);
  PieceBytes bytes(loads, how);
  Queues queues;  // after what they read from: their end waits for their work
  for (const std::shared_ptr<Device>& device : devices) queues.push_back(device->queue());
  bool in_place = false;
  for (const TensorLoad& load : loads) {
    if (how == GROK1_WEIGHTS_MAPPED) set_readahead(load.tensor->values);
    std::vector<grok1_weight*> weights;
    for (const Slice& slice : load.slices) {
      const Device& device = *devices[slice.member];
      WeightPtr& weight = place(*load.tensor, slice.member);
      weight = Device::make(device.ops().weight_free, [&](grok1_weight** out) {
        device.call(device.ops().weight_begin, device.get(), &slice.desc, out);
      });
      weights.push_back(weight.get());
      in_place = in_place || slice.in_place;
    }
    for (const Piece& piece : load.pieces) {
      copy_piece(devices, queues, weights, load, piece, bytes.next(piece));
      progress(done + piece.passed, total);
    }
    for (size_t i = 0; i < load.slices.size(); ++i) {
      const Slice& slice = load.slices[i];
      const Device& device = *devices[slice.member];
      device.call(device.ops().weight_end, weights[i], queues[slice.member].get());
      if (!slice.in_place) device.call(device.ops().queue_sync, queues[slice.member].get());
    }
    progress(done += load.tensor->bytes(), total);
  }
  return in_place;
}

}  // namespace grok1
