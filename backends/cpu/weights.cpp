// Weights come in: a description is checked and planned, then the bytes are used where they are or copied chunk by
// chunk, into the same order (layout "plain") or, of int8 matrices, tile by tile (layout "i8.256x256"), which memory is
// read fastest in. What a weight is, weights.h.
#include "backends/cpu/weights.h"

#include <cstdio>
#include <memory>

#include "backends/cpu/queue.h"
#include "backends/cpu/table.h"

namespace grok1::cpu {
namespace {

constexpr uint64_t kMost = uint64_t{1} << 30;  // inputs or outputs of a matrix: indices are 32 bits wide

constexpr uint64_t kCopiedPerTask = uint64_t{1} << 20;  // bytes

void check(const grok1_weight_desc& desc) {
  check_weight(desc, kOffer);
  if (desc.k > kMost || desc.n > kMost)
    refuse(GROK1_E_UNSUPPORTED, "k = %llu, n = %llu: the CPU takes at most 2^30 each", Number{desc.k}, Number{desc.n});
}

// Of a slice of few inputs in many groups nobody has heard; scratch is not made for it.
Chunks chunks_of(const grok1_weight_desc& desc) {
  if (!has_scales(desc)) return cut_into_chunks(0, desc.k_end - desc.k_begin, desc.k);  // floats know no groups
  Chunks chunks = cut_into_chunks(desc.k_begin, desc.k_end, group_size(desc));
  if (chunks.blocks > most_blocks(desc.k_end - desc.k_begin))
    refuse(GROK1_E_UNSUPPORTED, "%u scale groups on k = %llu: the CPU takes groups of 32 inputs or more", desc.groups,
           Number{desc.k});
  return chunks;
}

Stored in_place(const Box& slice, const Box& whole, const void* data) {
  Stored stored;
  stored.box = slice;
  stored.row_bytes = whole.row_bytes();
  stored.expert_bytes = size_product({whole.outer, stored.row_bytes});
  stored.first = static_cast<const char*>(data) + slice.expert_begin * stored.expert_bytes +
                 slice.outer_begin * stored.row_bytes + slice.bytes_before(slice.inner_begin);
  return stored;
}

Stored to_be_copied(const Box& slice) {
  Memory own(slice.bytes());
  const char* first = own.data();
  return {awaited(slice), first, slice.row_bytes(), slice.outer * slice.row_bytes(), std::move(own)};
}

// Chunks go round the nodes, each weight beginning where the one before ended: gate and up, which are multiplied at
// once, are then even over the nodes together, though three chunks on two nodes are not.
uint32_t first_node_of(Device& device, const grok1_weight_desc& desc, const Chunks& chunks) {
  const uint32_t count = desc.kind == GROK1_WEIGHT_LINEAR ? static_cast<uint32_t>(chunks.list.size()) : 0;
  return device.next_node.fetch_add(count, std::memory_order_relaxed) % device.threads.nodes();
}

// Before anything is written to them, pages of a copy are asked for on the nodes that will read them.
void place_on_nodes(Weight& weight) {
  const std::vector<uint32_t>& nodes = weight.device->nodes;
  if (weight.in_place || nodes.size() == 1) return;
  Stored& values = weight.values;
  const auto prefer = [&](uint64_t expert, uint64_t begin, uint64_t end, uint32_t node) {
    values.own.prefer_node(expert * values.expert_bytes + begin * values.row_bytes, (end - begin) * values.row_bytes,
                           nodes[node]);
  };
  for (uint64_t expert = 0; expert < values.box.experts; ++expert) {
    if (weight.desc.order == GROK1_ORDER_NK) {
      const uint64_t n = weight.n(), count = nodes.size();
      for (uint32_t i = 0; i < count; ++i)
        prefer(expert, (i * n + count - 1) / count, ((i + 1) * n + count - 1) / count, i);
    } else {
      const std::vector<Chunk>& chunks = weight.chunks.list;
      for (uint32_t i = 0; i < chunks.size(); ++i)
        prefer(expert, chunks[i].k_begin, chunks[i].k_begin + chunks[i].k_size, weight.node_of_chunk(i));
    }
  }
}

// A copy of a matrix is laid out as its sweeps read it. One narrower than two tiles would gain nothing.
bool is_tiled(const grok1_weight_desc& desc) {
  return !has_data(desc) && desc.encoding == GROK1_ENCODING_I8 && desc.n_end - desc.n_begin > kTileColumns;
}

// All threads copy: most of the time goes into the pages that the system clears when they are first touched.
template <class CopyRows>
void copy_rows(const Stored& to, const grok1_weight_chunk& chunk, Threads& threads, const CopyRows& copy) {
  const uint64_t rows = chunk.outer_end - chunk.outer_begin;
  const uint64_t rows_per_task = std::max<uint64_t>(1, kCopiedPerTask / std::max<uint64_t>(1, to.row_bytes));
  threads.run((rows + rows_per_task - 1) / rows_per_task,
              [&](uint64_t task, uint32_t) { copy(task * rows_per_task, std::min(rows, (task + 1) * rows_per_task)); });
}

void copy_plain(const Stored& to, const grok1_weight_chunk& chunk, Threads& threads) {
  copy_rows(to, chunk, threads, [&](uint64_t begin, uint64_t end) {
    for (uint64_t row = begin; row < end; ++row)
      std::memcpy(to.own.data() + to.box.row(chunk.expert, chunk.outer_begin + row) * to.row_bytes,
                  static_cast<const char*>(chunk.data) + row * chunk.row_bytes, to.row_bytes);
  });
}

// Rows of one block: `from` is the first, `row` its number in the block of `size` rows at `block`.
void copy_to_tiles(const char* from, uint64_t from_bytes, uint64_t n_rows, char* block, uint64_t row, uint64_t size,
                   uint64_t n) {
  for (uint64_t tile = 0; tile < n; tile += kTileColumns) {
    const uint64_t width = std::min<uint64_t>(kTileColumns, n - tile);
    char* to = block + tile * size + row * width;
    for (uint64_t i = 0; i < n_rows; ++i, to += width) std::memcpy(to, from + i * from_bytes + tile, width);
  }
}

void copy_tiled(const Weight& weight, const grok1_weight_chunk& chunk, Threads& threads) {
  const Stored& to = weight.values;
  char* expert = to.own.data() + (chunk.expert - to.box.expert_begin) * to.expert_bytes;
  const uint64_t first = chunk.outer_begin - to.box.outer_begin;
  copy_rows(to, chunk, threads, [&](uint64_t begin, uint64_t end) {
    for (const Chunk& c : weight.chunks.list) {
      for (uint64_t done = 0; done < c.k_size; done += kBlock) {
        const uint64_t k = c.k_begin + done, size = std::min<uint64_t>(kBlock, c.k_size - done);
        const uint64_t from = std::max(first + begin, k), until = std::min(first + end, k + size);
        if (from >= until) continue;
        copy_to_tiles(static_cast<const char*>(chunk.data) + (from - first) * chunk.row_bytes, chunk.row_bytes,
                      until - from, expert + k * to.row_bytes, from - k, size, to.row_bytes);
      }
    }
  });
}

void receive(Weight& weight, const grok1_weight_chunk& chunk, Threads& threads) {
  Stored& to = chunk.scales == 1 ? weight.scales : weight.values;
  to.check(chunk);
  weight.tiled&& chunk.scales == 0 ? copy_tiled(weight, chunk, threads) : copy_plain(to, chunk, threads);
  to.add(chunk.expert, chunk.outer_begin, chunk.outer_end);
}

}  // namespace

Matrix Weight::matrix(uint32_t expert) const {
  const uint64_t e = expert - desc.expert_begin;
  Matrix m{};
  m.data = values.row(e, 0);
  m.row_bytes = values.row_bytes;
  m.scales = has_scales(desc) ? scales.row(e, 0) : nullptr;
  m.scale_row_bytes = scales.row_bytes;
  m.chunks = chunks.list.data();
  m.n_chunks = static_cast<uint32_t>(chunks.list.size());
  m.k = k(), m.n = n();
  m.element = element, m.scale_element = scale_element;
  m.blocks = {desc.encoding, values.box.block.elements, values.box.block.bytes};
  m.nk = desc.order == GROK1_ORDER_NK;
  m.tiled = tiled;
  return m;
}

void Weight::read(uint32_t n, uint32_t k, uint32_t count, float* numbers) const {
  const bool nk = desc.order == GROK1_ORDER_NK;
  if (element == Element::blocks) {
    device->kernels.decode(desc.encoding, values.row(0, n) + values.box.bytes_before(k), count, numbers);
    return;
  }
  const uint64_t step = nk ? bytes_of(element) : values.row_bytes;
  const char* first = nk ? values.row(0, n) + k * step : values.row(0, k) + uint64_t{n} * bytes_of(element);
  for (uint32_t i = 0; i < count; ++i) numbers[i] = value_of(element, first + i * step);
}

grok1_status weight_plan(grok1_device* device, const grok1_weight_desc* description, grok1_weight_plan* plan,
                         grok1_error* err) {
  return guarded(err, [&] {
    given(device, "device");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check(desc);
    chunks_of(desc);
    grok1_weight_plan answer = GROK1_INIT(grok1_weight_plan);
    answer.in_place = has_data(desc);
    answer.device_bytes =
        answer.in_place ? 0 : size_sum({slice_of_values(desc).bytes(), slice_of_scales(desc).bytes()});
    std::snprintf(answer.layout_tag, sizeof answer.layout_tag, is_tiled(desc) ? "i8.256x256" : "plain");
    output(plan, GROK1_TYPE_WEIGHT_PLAN, "plan", answer);
  });
}

grok1_status weight_begin(grok1_device* device, const grok1_weight_desc* description, grok1_weight** weight,
                          grok1_error* err) {
  return guarded(err, [&] {
    Device& self = object<Device>(device, "device");
    given(weight, "weight");
    const grok1_weight_desc& desc = input(description, GROK1_TYPE_WEIGHT_DESC, "desc");
    check(desc);
    const bool uses_data = has_data(desc);
    const auto stored = [&](const Box& slice, const Box& whole, const void* data) {
      return uses_data ? in_place(slice, whole, data) : to_be_copied(slice);
    };
    Chunks chunks = chunks_of(desc);
    const uint32_t first_node = first_node_of(self, desc, chunks);
    auto made = std::make_unique<Weight>(Weight{&self,
                                                desc,
                                                element_of_encoding(desc.encoding),
                                                Element::f32,
                                                std::move(chunks),
                                                {},
                                                {},
                                                uses_data,
                                                is_tiled(desc),
                                                false,
                                                first_node});
    made->values = stored(slice_of_values(desc), whole_of_values(desc), desc.data);
    if (has_scales(desc)) {
      made->scale_element = element_of_encoding(desc.scale_encoding);
      made->scales = stored(slice_of_scales(desc), whole_of_scales(desc), desc.scales);
    }
    place_on_nodes(*made);
    hand_out(weight, made.release());
  });
}

grok1_status weight_chunk(grok1_weight* handle, grok1_queue* queue, const grok1_weight_chunk* args, grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished<Weight>(handle);
    object_of<Queue>(weight.device, queue, "queue");
    const grok1_weight_chunk& chunk = checked_chunk(args, weight.desc);
    if (weight.in_place) refuse(GROK1_E_INVALID_ARGUMENT, "the weight is used in place; it takes no chunks");
    receive(weight, chunk, weight.device->threads);
  });
}

grok1_status weight_end(grok1_weight* handle, grok1_queue* queue, grok1_error* err) {
  return guarded(err, [&] {
    Weight& weight = unfinished<Weight>(handle);
    object_of<Queue>(weight.device, queue, "queue");
    weight.values.check_complete("weights");
    weight.scales.check_complete("scales");
    weight.finished = true;
  });
}

void weight_free(grok1_weight* weight) {
  delete reinterpret_cast<Weight*>(weight);
}

}  // namespace grok1::cpu
