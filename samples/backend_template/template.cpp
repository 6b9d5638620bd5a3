// A backend to copy: the slowest correct one. One thread, plain loops, every sum in double, every weight as a float.
//
// It knows grok1_backend.h and the C++ library. Its order is that of the header: errors, devices, memory, order of
// work, weights, binding, KV cache, step, operators, table. To make a fast backend of it, replace one operator after
// the other and run `grok1-conformance --backend ./libgrok1_template.so` after each. Work is done during the call, so
// that queues and events have nothing to wait for; device memory is host memory.
//
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <vector>

#include "grok1_backend.h"

// ---- Errors: functions throw, Entry (at the end) makes them statuses

struct Failure {
  grok1_status status;
  char message[sizeof grok1_error::message];
};

__attribute__((format(printf, 2, 3), noreturn)) static void fail(grok1_status status, const char* format, ...) {
  Failure failure{status, {}};
  va_list args;
  va_start(args, format);
  std::vsnprintf(failure.message, sizeof failure.message, format, args);
  va_end(args);
  throw failure;
}

static void require(bool condition, const char* message) {
  if (!condition) fail(GROK1_E_INVALID_ARGUMENT, "template: %s", message);
}

static void require_all(std::initializer_list<const void*> pointers) {
  for (const void* pointer : pointers) require(pointer != nullptr, "a pointer is NULL");
}

// A copy of the caller's struct: fields that an older host lacks are zero, fields that only a newer one knows must be
// zero.
template <typename T>
static T take(const T* theirs, uint32_t type) {
  require(theirs != nullptr && theirs->head.type == type, "an argument struct is missing or of another type");
  if (theirs->head.next != nullptr) fail(GROK1_E_UNKNOWN_FIELD, "template: knows no chained struct");
  const auto* bytes = reinterpret_cast<const unsigned char*>(theirs);
  const size_t size = theirs->head.struct_size;
  if (size > sizeof(T) && std::any_of(bytes + sizeof(T), bytes + size, [](unsigned char b) { return b != 0; }))
    fail(GROK1_E_UNKNOWN_FIELD, "template: struct %u has a field that this backend does not know", unsigned(type));
  T ours = {};
  std::memcpy(&ours, bytes, std::min(size, sizeof(T)));
  return ours;
}

// The model's numbers, with the relations between them that the header promises.
static grok1_model_desc take_model(const grok1_model_desc* theirs) {
  const grok1_model_desc m = take(theirs, GROK1_TYPE_MODEL_DESC);
  require(m.d_model > 0 && m.kv_heads > 0 && m.heads > 0 && m.heads % m.kv_heads == 0 && m.head_dim > 0 &&
              m.head_dim % 2 == 0 && m.experts_used > 0 && m.experts_used <= m.experts && m.experts <= 256,
          "a model of impossible sizes");
  return m;
}

static void require_page_tokens(uint32_t tokens) {
  require(tokens >= 16 && tokens <= 256 && (tokens & (tokens - 1)) == 0, "a page holds 16 .. 256 tokens, a power of 2");
}

// Fills an output struct behind its head as far as both sides know it, the rest with zeros.
template <typename T>
static void give(T* theirs, const T& ours) {
  constexpr size_t kHead = sizeof(grok1_head);
  const size_t size = std::max<size_t>(theirs->head.struct_size, kHead);
  std::memset(reinterpret_cast<char*>(theirs) + kHead, 0, size - kHead);
  std::memcpy(reinterpret_cast<char*>(theirs) + kHead, reinterpret_cast<const char*>(&ours) + kHead,
              std::min(size, sizeof(T)) - kHead);
}

// ---- Backend and devices: one device, the machine's memory

struct grok1_backend {};
struct grok1_device {};

static void close_backend(grok1_backend* backend) {
  delete backend;
}
static void device_count(grok1_backend*, uint32_t* count) {
  *count = 1;
}

static void device_info(grok1_backend*, uint32_t index, grok1_backend_device* info) {
  require(index == 0, "there is only device 0");
  grok1_backend_device mine = GROK1_INIT(grok1_backend_device);
  const auto page = uint64_t(sysconf(_SC_PAGESIZE));
  std::snprintf(mine.name, sizeof mine.name, "template: one thread, plain loops");
  mine.memory_total = page * uint64_t(sysconf(_SC_PHYS_PAGES));
  mine.memory_free = page * uint64_t(sysconf(_SC_AVPHYS_PAGES));
  mine.kind = GROK1_DEVICE_CPU;
  give(info, mine);
}

// threads=N is known to every CPU backend; this one has a single thread whatever N is.
static void device_open(grok1_backend*, uint32_t index, const char* options, grok1_device** device) {
  require(index == 0, "there is only device 0");
  for (const char* item = options; *item != '\0';) {
    const char* const end = item + std::strcspn(item, ",");
    if (std::strncmp(item, "threads=", 8) == 0) {
      const char* const digits = item + 8;
      require(digits + std::strspn(digits, "0123456789") == end && std::atoi(digits) >= 1,
              "threads=N: N is a number from 1");
    }
    item = *end == ',' ? end + 1 : end;
  }
  *device = new grok1_device;
}

static void device_close(grok1_device* device) {
  delete device;
}

static bool is_float(uint32_t encoding) {
  return encoding == GROK1_ENCODING_F32 || encoding == GROK1_ENCODING_BF16;
}

static void supports(grok1_device*, uint32_t what, uint32_t a, uint32_t b, uint32_t c) {
  const bool order = c == GROK1_ORDER_KN || c == GROK1_ORDER_NK;
  const bool linear =
      a == GROK1_ENCODING_I8 ? is_float(b) && c == GROK1_ORDER_KN : is_float(a) && b == GROK1_ENCODING_NONE && order;
  const bool yes = what == GROK1_SUPPORT_LINEAR ? linear
                   : what == GROK1_SUPPORT_CACHE
                       ? a == GROK1_CACHE_F32 || a == GROK1_CACHE_BF16
                       : is_float(a) && (what == GROK1_SUPPORT_VECTOR || what == GROK1_SUPPORT_EMBEDDING);
  if (!yes)
    fail(GROK1_E_UNSUPPORTED, "template: (%u, %u, %u, %u) asked; it has F32, BF16 and I8 weights, F32 and BF16 caches",
         unsigned(what), unsigned(a), unsigned(b), unsigned(c));
}

// ---- Memory

struct grok1_buffer {
  unsigned char* bytes;
  uint64_t size;
};

static void buffer_alloc(grok1_device*, uint64_t size, uint32_t memory, grok1_buffer** buffer) {
  require(size > 0 && (memory == GROK1_MEMORY_DEVICE || memory == GROK1_MEMORY_HOST),
          "a buffer has a size and a place");
  auto made = std::make_unique<grok1_buffer>();
  *made = {static_cast<unsigned char*>(operator new(size, std::align_val_t(64))), size};
  *buffer = made.release();
}

static void buffer_free(grok1_buffer* buffer) {
  if (buffer != nullptr) operator delete(buffer->bytes, std::align_val_t(64));
  delete buffer;
}

static void buffer_map(grok1_buffer* buffer, void** address) {
  *address = buffer->bytes;
}

// `count` items in a buffer that begin at a byte offset.
template <typename T>
static T* inside(const grok1_buffer* buffer, uint64_t offset, uint64_t count) {
  require(buffer != nullptr && offset % sizeof(T) == 0 && offset <= buffer->size &&
              count <= (buffer->size - offset) / sizeof(T),
          "a range leaves its buffer");
  return reinterpret_cast<T*>(buffer->bytes + offset);
}

static void copy(grok1_queue*, grok1_buffer* dst, uint64_t dst_offset, const grok1_buffer* src, uint64_t src_offset,
                 uint64_t size) {
  std::memcpy(inside<char>(dst, dst_offset, size), inside<char>(src, src_offset, size), size);
}

static void fill(grok1_queue*, grok1_buffer* dst, uint64_t dst_offset, uint64_t size, uint8_t value) {
  std::memset(inside<char>(dst, dst_offset, size), value, size);
}

// ---- Order: every call is finished when it returns

struct grok1_queue {};
struct grok1_event {};

static void queue_create(grok1_device*, grok1_queue** queue) {
  *queue = new grok1_queue;
}
static void queue_destroy(grok1_queue* queue) {
  delete queue;
}
static void queue_sync(grok1_queue*) {}
static void event_create(grok1_device*, grok1_event** event) {
  *event = new grok1_event;
}
static void event_destroy(grok1_event* event) {
  delete event;
}
static void event_record(grok1_event*, grok1_queue*) {}
static void queue_wait(grok1_queue*, grok1_event*) {}
static void event_wait(grok1_event*) {}

// ---- Weights: the slice as floats, in the stored order

struct grok1_weight {
  explicit grok1_weight(const grok1_weight_desc* theirs);

  grok1_weight_desc desc;
  bool kn;                             // order KN
  uint64_t experts, k, n;              // of the slice
  uint64_t group_size = 1;             // k per scale
  uint64_t group_begin = 0;            // first group that the slice touches
  uint64_t groups = 0;                 // groups that it touches; 0 without scales
  uint64_t weights_left, scales_left;  // elements that have not arrived
  std::vector<float> values;           // [experts, k, n] for order KN, [experts, n, k] for NK
  std::vector<float> scales;           // [experts, groups, n], until weight_end
};

static float from_bf16(uint16_t bits) {
  const uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

static uint16_t to_bf16(float value) {  // to nearest even; a NaN stays one
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return uint16_t(std::isnan(value) ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static uint64_t element_size(uint32_t encoding) {
  return encoding == GROK1_ENCODING_I8 ? 1 : encoding == GROK1_ENCODING_BF16 ? 2 : 4;
}

static float read_element(const unsigned char* at, uint32_t encoding) {  // memcpy: files are not aligned
  float value;
  uint16_t half;
  if (encoding == GROK1_ENCODING_I8) return float(int8_t(*at));
  if (encoding == GROK1_ENCODING_BF16) return std::memcpy(&half, at, sizeof half), from_bf16(half);
  return std::memcpy(&value, at, sizeof value), value;
}

grok1_weight::grok1_weight(const grok1_weight_desc* theirs) : desc(take(theirs, GROK1_TYPE_WEIGHT_DESC)) {
  const grok1_weight_desc& d = desc;
  const bool vector = d.kind == GROK1_WEIGHT_VECTOR;
  supports(nullptr, vector ? GROK1_SUPPORT_VECTOR : GROK1_SUPPORT_LINEAR, d.encoding, d.scale_encoding, d.order);
  require(vector ? d.n == 1 && d.experts == 1 : d.kind == GROK1_WEIGHT_LINEAR, "a weight of unknown kind");
  require(d.expert_begin < d.expert_end && d.expert_end <= d.experts && d.k_begin < d.k_end && d.k_end <= d.k &&
              d.n_begin < d.n_end && d.n_end <= d.n,
          "a weight's slice is empty or leaves the tensor");
  kn = d.order != GROK1_ORDER_NK;
  experts = d.expert_end - d.expert_begin;
  k = d.k_end - d.k_begin;
  n = d.n_end - d.n_begin;
  if (d.encoding == GROK1_ENCODING_I8) {
    require(d.groups > 0 && d.k % d.groups == 0, "scale groups must divide k");
    group_size = d.k / d.groups;
    group_begin = d.k_begin / group_size;
    groups = (d.k_end - 1) / group_size + 1 - group_begin;
  }
  weights_left = experts * k * n;
  scales_left = experts * groups * n;
}

static void weight_plan(grok1_device*, const grok1_weight_desc* desc, grok1_weight_plan* plan) {
  const grok1_weight weight(desc);
  grok1_weight_plan mine = GROK1_INIT(grok1_weight_plan);
  mine.device_bytes = weight.weights_left * sizeof(float);
  mine.scratch_bytes = weight.scales_left * sizeof(float);
  std::strcpy(mine.layout_tag, "float");
  give(plan, mine);
}

static void weight_begin(grok1_device*, const grok1_weight_desc* desc, grok1_weight** weight) {
  auto made = std::make_unique<grok1_weight>(desc);
  made->values.resize(made->weights_left);
  made->scales.resize(made->scales_left);
  *weight = made.release();
}

static void weight_chunk(grok1_weight* w, grok1_queue*, const grok1_weight_chunk* theirs) {
  const grok1_weight_chunk c = take(theirs, GROK1_TYPE_WEIGHT_CHUNK);
  const uint64_t begin = c.scales ? w->group_begin : w->kn ? w->desc.k_begin : w->desc.n_begin;
  const uint64_t outer = c.scales ? w->groups : w->kn ? w->k : w->n;
  const uint64_t inner = w->kn ? w->n : w->k;
  const uint32_t encoding = c.scales ? w->desc.scale_encoding : w->desc.encoding;
  uint64_t& left = c.scales ? w->scales_left : w->weights_left;
  require(c.data != nullptr && c.expert >= w->desc.expert_begin && c.expert < w->desc.expert_end &&
              c.outer_begin >= begin && c.outer_begin < c.outer_end && c.outer_end <= begin + outer &&
              c.row_bytes >= inner * element_size(encoding),
          "a chunk leaves the slice of its weight");
  require((c.outer_end - c.outer_begin) * inner <= left, "chunks of a weight overlap");
  left -= (c.outer_end - c.outer_begin) * inner;
  float* to = (c.scales ? w->scales : w->values).data() +
              ((c.expert - w->desc.expert_begin) * outer + c.outer_begin - begin) * inner;
  const auto* row = static_cast<const unsigned char*>(c.data);
  for (uint64_t o = c.outer_begin; o < c.outer_end; ++o, row += c.row_bytes)
    for (uint64_t i = 0; i < inner; ++i) *to++ = read_element(row + i * element_size(encoding), encoding);
}

static void weight_end(grok1_weight* w, grok1_queue*) {
  require(w->weights_left == 0 && w->scales_left == 0, "chunks of a weight have not arrived");
  for (uint64_t e = 0; e < w->experts && w->groups > 0; ++e)
    for (uint64_t k = 0; k < w->k; ++k) {
      const uint64_t group = (w->desc.k_begin + k) / w->group_size - w->group_begin;
      for (uint64_t n = 0; n < w->n; ++n)
        w->values[(e * w->k + k) * w->n + n] *= w->scales[(e * w->groups + group) * w->n + n];
    }
  std::vector<float>().swap(w->scales);
}

static void weight_free(grok1_weight* weight) {
  delete weight;
}

// y[n] = sum over k of x[k] w[k][n]: the one matrix product of this backend.
static void multiply(const grok1_weight* w, uint64_t expert, const std::vector<double>& x, std::vector<double>& y) {
  const uint64_t k_stride = w->kn ? w->n : 1, n_stride = w->kn ? 1 : w->k;
  const float* const values = w->values.data() + expert * w->k * w->n;
  for (uint64_t n = 0; n < w->n; ++n) {
    double sum = 0;
    for (uint64_t k = 0; k < w->k; ++k) sum += x[k] * values[k * k_stride + n * n_stride];
    y[n] = sum;
  }
}

// ---- Binding

struct grok1_layer {
  grok1_layer_desc desc;
  grok1_model_desc model;
};
struct grok1_lm_head {
  grok1_lm_head_desc desc;  // with an output matrix: the embedding, if there is no other
  grok1_model_desc model;
};

struct Range {
  uint64_t whole, begin, end;
};

static void expect(const grok1_weight* w, const char* name, Range experts, Range k, Range n) {
  const grok1_weight_desc& d = w->desc;
  if (d.kind != GROK1_WEIGHT_LINEAR || d.experts != experts.whole || d.k != k.whole || d.n != n.whole ||
      d.expert_begin != experts.begin || d.expert_end != experts.end || d.k_begin != k.begin || d.k_end != k.end ||
      d.n_begin != n.begin || d.n_end != n.end)
    fail(GROK1_E_INVALID_ARGUMENT, "template: %s: the shape or slice is not that of the layer: [%u, %llu, %llu] found",
         name, unsigned(d.experts), static_cast<unsigned long long>(d.k), static_cast<unsigned long long>(d.n));
}

static void layer_bind(grok1_device*, const grok1_layer_desc* theirs, grok1_layer** layer) {
  const grok1_layer_desc d = take(theirs, GROK1_TYPE_LAYER_DESC);
  const grok1_model_desc m = take_model(d.model);
  require(d.index < m.layers && d.flags == 0, "a layer number or flag that does not exist");
  const uint64_t hd = m.head_dim, q_dim = m.heads / m.kv_heads * hd;
  const Range one{1, 0, 1}, width{m.d_model, 0, m.d_model}, experts{m.experts, d.expert_begin, d.expert_end};
  const Range q{m.heads * hd, d.kv_head_begin * q_dim, d.kv_head_end * q_dim}, ffn{m.ffn, d.ffn_begin, d.ffn_end};
  const Range kv{m.kv_heads * hd, d.kv_head_begin * hd, d.kv_head_end * hd};
  require((d.q == nullptr) == (d.k == nullptr) && (d.q == nullptr) == (d.v == nullptr) &&
              (d.q == nullptr) == (d.o == nullptr) && (d.gate == nullptr) == (d.up == nullptr) &&
              (d.gate == nullptr) == (d.down == nullptr),
          "q, k, v, o come together, and gate, up, down");
  if (d.q != nullptr) expect(d.q, "q", one, width, q), expect(d.k, "k", one, width, kv);
  if (d.q != nullptr) expect(d.v, "v", one, width, kv), expect(d.o, "o", one, q, width);
  if (d.router != nullptr) expect(d.router, "router", one, width, {m.experts, 0, m.experts});
  if (d.gate != nullptr) expect(d.gate, "gate", experts, width, ffn), expect(d.up, "up", experts, width, ffn);
  if (d.gate != nullptr) expect(d.down, "down", experts, ffn, width);
  *layer = new grok1_layer{d, m};
}

static void layer_free(grok1_layer* layer) {
  delete layer;
}

static void lm_head_bind(grok1_device*, const grok1_lm_head_desc* theirs, grok1_lm_head** lm_head) {
  grok1_lm_head_desc d = take(theirs, GROK1_TYPE_LM_HEAD_DESC);
  const grok1_model_desc m = take_model(d.model);
  if (d.output == nullptr) d.output = d.embedding;
  require(d.embedding != nullptr && !d.embedding->kn && !d.output->kn, "embedding and output are stored [N, K]");
  const Range one{1, 0, 1}, width{m.d_model, 0, m.d_model}, range{m.vocab_size, d.vocab_begin, d.vocab_end};
  expect(d.embedding, "embedding", one, width, range), expect(d.output, "output", one, width, range);
  *lm_head = new grok1_lm_head{d, m};
}

static void lm_head_free(grok1_lm_head* lm_head) {
  delete lm_head;
}

// ---- KV cache: [layers, pages, K or V, page_tokens, kv heads, head_dim]

struct grok1_kv {
  explicit grok1_kv(const grok1_kv_desc* theirs) : desc(take(theirs, GROK1_TYPE_KV_DESC)) {
    const grok1_model_desc model = take_model(desc.model);
    supports(nullptr, GROK1_SUPPORT_CACHE, desc.type, 0, 0);
    require(desc.n_layers > 0 && desc.n_pages > 0 && desc.kv_head_begin < desc.kv_head_end &&
                desc.kv_head_end <= model.kv_heads,
            "a KV cache without layers, pages or heads");
    require_page_tokens(desc.page_tokens);
    require_all({desc.layers});
    layers.assign(desc.layers, desc.layers + desc.n_layers);
    for (size_t i = 0; i < layers.size(); ++i)
      require(layers[i] < model.layers && (i == 0 || layers[i - 1] < layers[i]), "layers of a KV cache must rise");
    encoding = desc.type == GROK1_CACHE_F32 ? GROK1_ENCODING_F32 : GROK1_ENCODING_BF16;
    token_numbers = uint64_t(desc.kv_head_end - desc.kv_head_begin) * model.head_dim;
    token_bytes = token_numbers * element_size(encoding);
  }

  uint64_t size() const { return token_bytes * 2 * desc.page_tokens * desc.n_pages * layers.size(); }

  // K (part 0) or V (part 1) of a page of a layer.
  unsigned char* page(uint32_t layer, uint64_t page_id, uint64_t part) {
    const auto slot = std::find(layers.begin(), layers.end(), layer);
    require(slot != layers.end() && page_id < desc.n_pages, "the KV cache has no such layer or page");
    const auto index = (uint64_t(slot - layers.begin()) * desc.n_pages + page_id) * 2 + part;
    return bytes.data() + index * desc.page_tokens * token_bytes;
  }

  grok1_kv_desc desc;
  std::vector<uint32_t> layers;
  uint32_t encoding;
  uint64_t token_numbers, token_bytes;  // of K, or V, of one token
  std::vector<unsigned char> bytes;
};

static void kv_plan(grok1_device*, const grok1_kv_desc* desc, uint64_t* bytes) {
  *bytes = grok1_kv(desc).size();
}

static void kv_create(grok1_device*, const grok1_kv_desc* desc, grok1_kv** kv) {
  auto made = std::make_unique<grok1_kv>(desc);
  made->bytes.resize(made->size());
  *kv = made.release();
}

static void kv_destroy(grok1_kv* kv) {
  delete kv;
}

static void kv_copy_pages(grok1_kv* kv, grok1_queue*, const uint32_t* src, const uint32_t* dst,
                          const uint32_t* n_tokens, size_t n_pages) {
  if (n_pages > 0) require_all({src, dst, n_tokens});
  for (size_t i = 0; i < n_pages; ++i)
    require(src[i] < kv->desc.n_pages && dst[i] < kv->desc.n_pages && src[i] != dst[i] &&
                n_tokens[i] <= kv->desc.page_tokens,
            "a page to copy does not exist or has fewer tokens");
  for (const uint32_t layer : kv->layers)
    for (size_t i = 0; i < n_pages; ++i)
      for (uint64_t part = 0; part < 2; ++part)
        std::memcpy(kv->page(layer, dst[i], part), kv->page(layer, src[i], part), n_tokens[i] * kv->token_bytes);
}

static void kv_export(grok1_kv* kv, grok1_queue*, uint32_t layer, uint32_t page, uint32_t n_tokens, void* data,
                      uint64_t size) {
  require(n_tokens <= kv->desc.page_tokens && size == 2 * n_tokens * kv->token_bytes, "an export of another size");
  std::memcpy(data, kv->page(layer, page, 0), size / 2);
  std::memcpy(static_cast<char*>(data) + size / 2, kv->page(layer, page, 1), size / 2);
}

static void kv_import(grok1_kv* kv, grok1_queue*, uint32_t layer, uint32_t page, uint32_t n_tokens, const void* data,
                      uint64_t size) {
  require(n_tokens <= kv->desc.page_tokens && size == 2 * n_tokens * kv->token_bytes, "an import of another size");
  std::memcpy(kv->page(layer, page, 0), data, size / 2);
  std::memcpy(kv->page(layer, page, 1), static_cast<const char*>(data) + size / 2, size / 2);
}

// ---- Step: the data of the pass, and all scratch

struct grok1_step {
  explicit grok1_step(const grok1_step_limits* theirs)
      : limits(take(theirs, GROK1_TYPE_STEP_LIMITS)), model(take_model(limits.model)) {
    require(limits.max_rows > 0 && limits.max_chunks > 0 && limits.max_pages > 0 && limits.flags == 0,
            "a limit of a step is 0, or it has flags");
    require_page_tokens(limits.page_tokens);
    const uint64_t q_size = uint64_t(model.heads) * model.head_dim, kv_size = uint64_t(model.kv_heads) * model.head_dim;
    const uint64_t positions_max = uint64_t(limits.max_pages) * limits.page_tokens, d = model.d_model;
    row_sizes = {d, d, d, q_size, q_size, kv_size, kv_size, model.ffn, model.ffn, model.experts, positions_max};
  }

  uint64_t bytes() const {  // with one act and one route
    uint64_t numbers = uint64_t(limits.max_rows) * (4 + model.d_model + 2 * uint64_t(model.experts_used)) +
                       limits.max_chunks + 1 + uint64_t(limits.max_chunks) * limits.max_pages + limits.max_logit_rows;
    for (const uint64_t size : row_sizes) numbers += 2 * size;
    return numbers * 4;
  }

  void make() {
    std::vector<double>* const rows[] = {&x, &out, &total, &q, &mixed, &k, &v, &gate, &up, &router, &scores};
    for (size_t i = 0; i < row_sizes.size(); ++i) rows[i]->resize(row_sizes[i]);
    tokens.resize(limits.max_rows);
    positions.resize(limits.max_rows);
    chunk_of.resize(limits.max_rows);
    page_table.resize(uint64_t(limits.max_chunks) * limits.max_pages);
    logit_rows.resize(limits.max_logit_rows);
  }

  float* rows(const grok1_buffer* buffer, uint64_t offset) const {
    return inside<float>(buffer, offset, uint64_t(n_rows) * model.d_model);
  }

  grok1_step_limits limits;
  grok1_model_desc model;
  std::vector<uint64_t> row_sizes;  // of the scratch below, one row each
  std::vector<double> x, out, total, q, mixed, k, v, gate, up, router, scores;
  uint32_t n_rows = 0, n_logit_rows = 0;  // of the pass
  std::vector<int32_t> tokens;
  std::vector<uint32_t> positions, chunk_of, page_table, logit_rows;
};

static void step_plan(grok1_device*, const grok1_step_limits* limits, uint64_t* bytes) {
  *bytes = grok1_step(limits).bytes();
}

static void step_create(grok1_device*, const grok1_step_limits* limits, grok1_step** step) {
  auto made = std::make_unique<grok1_step>(limits);
  made->make();
  *step = made.release();
}

static void step_destroy(grok1_step* step) {
  delete step;
}

static void check_step_data(const grok1_step* s, const grok1_step_data& d) {
  require(d.n_rows > 0 && d.n_rows <= s->limits.max_rows && d.n_chunks > 0 && d.n_chunks <= s->limits.max_chunks &&
              d.n_logit_rows <= s->limits.max_logit_rows,
          "a pass exceeds the step's limits");
  require(d.chunk_begin[0] == 0 && d.chunk_begin[d.n_chunks] == d.n_rows, "chunks must cover the rows");
  for (uint32_t c = 0; c < d.n_chunks; ++c) {
    require(d.chunk_begin[c] < d.chunk_begin[c + 1] && d.chunk_begin[c + 1] <= d.n_rows,
            "a chunk is empty or runs backwards");
    for (uint32_t r = d.chunk_begin[c]; r < d.chunk_begin[c + 1]; ++r) {
      require(r == d.chunk_begin[c] || d.positions[r] == d.positions[r - 1] + 1,
              "positions of a chunk must rise by one");
      require(d.positions[r] / s->limits.page_tokens < s->limits.max_pages, "a position is beyond the last page");
      require(d.tokens[r] >= 0 && uint32_t(d.tokens[r]) < s->model.vocab_size, "a token is outside the vocabulary");
    }
  }
  for (uint32_t i = 0; i < d.n_logit_rows; ++i)
    require(d.logit_rows[i] < d.n_rows && (i == 0 || d.logit_rows[i - 1] < d.logit_rows[i]),
            "rows of logits must rise");
}

static void step_set(grok1_step* s, grok1_queue*, const grok1_step_data* theirs) {
  const grok1_step_data d = take(theirs, GROK1_TYPE_STEP_DATA);
  require_all({d.tokens, d.positions, d.chunk_begin, d.page_table});
  require((d.n_logit_rows == 0 || d.logit_rows != nullptr) && d.flags == 0,
          "rows of logits are NULL, or flags are set");
  check_step_data(s, d);
  s->n_rows = d.n_rows;
  s->n_logit_rows = d.n_logit_rows;
  std::copy_n(d.tokens, d.n_rows, s->tokens.begin());
  std::copy_n(d.positions, d.n_rows, s->positions.begin());
  std::copy_n(d.page_table, uint64_t(d.n_chunks) * s->limits.max_pages, s->page_table.begin());
  if (d.n_logit_rows > 0) std::copy_n(d.logit_rows, d.n_logit_rows, s->logit_rows.begin());
  for (uint32_t c = 0; c < d.n_chunks; ++c)
    std::fill(s->chunk_of.begin() + d.chunk_begin[c], s->chunk_of.begin() + d.chunk_begin[c + 1], c);
}

struct grok1_act {
  grok1_step* step;
  std::vector<float> rows;  // [max_rows, d_model]
};

static void act_create(grok1_step* step, grok1_act** act) {
  auto made = std::make_unique<grok1_act>();
  made->step = step;
  made->rows.resize(uint64_t(step->limits.max_rows) * step->model.d_model);
  *act = made.release();
}

static void act_destroy(grok1_act* act) {
  delete act;
}

static void require_step(const void* theirs, const grok1_step* step) {
  require(theirs == step, "rows or a route of another step");
}

static void act_export(grok1_step* step, grok1_queue*, const grok1_act* act, grok1_buffer* rows, uint64_t offset) {
  require_step(act->step, step);
  std::copy_n(act->rows.begin(), uint64_t(step->n_rows) * step->model.d_model, step->rows(rows, offset));
}

static void act_import(grok1_step* step, grok1_queue*, grok1_act* act, const grok1_buffer* rows, uint64_t offset) {
  require_step(act->step, step);
  std::copy_n(step->rows(rows, offset), uint64_t(step->n_rows) * step->model.d_model, act->rows.begin());
}

struct grok1_route {
  grok1_step* step;
  std::vector<int32_t> experts;  // [max_rows, experts_used]
  std::vector<float> gates;
};

static void route_create(grok1_step* step, grok1_route** route) {
  auto made = std::make_unique<grok1_route>();
  made->step = step;
  made->experts.resize(uint64_t(step->limits.max_rows) * step->model.experts_used);
  made->gates.resize(made->experts.size());
  *route = made.release();
}

static void route_destroy(grok1_route* route) {
  delete route;
}

static void route_export(grok1_step* step, grok1_queue*, const grok1_route* route, grok1_buffer* experts,
                         uint64_t experts_offset, grok1_buffer* gates, uint64_t gates_offset) {
  require_step(route->step, step);
  const uint64_t count = uint64_t(step->n_rows) * step->model.experts_used;
  std::copy_n(route->experts.begin(), count, inside<int32_t>(experts, experts_offset, count));
  std::copy_n(route->gates.begin(), count, inside<float>(gates, gates_offset, count));
}

static void route_import(grok1_step* step, grok1_queue*, grok1_route* route, const grok1_buffer* experts,
                         uint64_t experts_offset, const grok1_buffer* gates, uint64_t gates_offset) {
  require_step(route->step, step);
  const uint64_t count = uint64_t(step->n_rows) * step->model.experts_used;
  const int32_t* const chosen = inside<int32_t>(experts, experts_offset, count);
  for (uint64_t i = 0; i < count; ++i)
    require(chosen[i] >= 0 && uint32_t(chosen[i]) < step->model.experts, "an expert of a route does not exist");
  std::copy_n(inside<float>(gates, gates_offset, count), count, route->gates.begin());
  std::copy_n(chosen, count, route->experts.begin());
}

// ---- Operators

// out = scale * in / sqrt(mean(in^2) + eps)
static void norm(const grok1_step* s, const grok1_weight* scale, const float* in, std::vector<double>& out) {
  const uint32_t d = s->model.d_model;
  require(scale != nullptr && scale->desc.kind == GROK1_WEIGHT_VECTOR && scale->k == d,
          "a norm's scale has another width");
  double sum = 0;
  for (uint32_t i = 0; i < d; ++i) sum += double(in[i]) * in[i];
  const double factor = 1 / std::sqrt(sum / d + double(s->model.rms_norm_eps));
  for (uint32_t i = 0; i < d; ++i) out[i] = scale->values[i] * factor * in[i];
}

static void norm_rows(grok1_step* s, const grok1_weight* scale, const float* h, grok1_act* x) {
  const uint64_t d = s->model.d_model;
  for (uint64_t r = 0; r < s->n_rows && x != nullptr; ++r) {
    norm(s, scale, h + r * d, s->out);
    std::transform(s->out.begin(), s->out.end(), x->rows.begin() + std::ptrdiff_t(r * d),
                   [](double v) { return float(v); });
  }
}

static const std::vector<double>& load_row(grok1_step* s, const grok1_act* x, uint64_t row) {
  std::copy_n(x->rows.begin() + std::ptrdiff_t(row * s->model.d_model), s->model.d_model, s->x.begin());
  return s->x;
}

static void store_row(const std::vector<double>& from, float* to) {
  for (const double value : from) *to++ = float(value);
}

static void embed(grok1_device*, const grok1_embed_args* args) {
  const grok1_embed_args a = take(args, GROK1_TYPE_EMBED_ARGS);
  require_all({a.queue, a.step, a.lm_head});
  require_step(a.x == nullptr ? a.step : a.x->step, a.step);
  grok1_step* const s = a.step;
  const grok1_lm_head_desc& head = a.lm_head->desc;
  const uint64_t d = s->model.d_model;
  float* const h = s->rows(a.h, a.h_offset);
  for (uint64_t r = 0; r < s->n_rows; ++r) {
    const auto token = uint32_t(s->tokens[r]);
    const bool here = token >= head.vocab_begin && token < head.vocab_end;
    for (uint64_t i = 0; i < d; ++i)
      h[r * d + i] = here ? float(double(head.embedding->values[(token - head.vocab_begin) * d + i]) *
                                  s->model.embedding_multiplier)
                          : 0;
  }
  norm_rows(s, a.next_norm, h, a.x);
}

static void rope(const grok1_model_desc& m, double* head, uint32_t position) {
  const uint32_t half = m.head_dim / 2;
  for (uint32_t i = 0; i < half; ++i) {
    const double angle = position * std::pow(double(m.rope_base), -2.0 * i / m.head_dim);
    const double a = head[i], b = head[i + half];
    head[i] = a * std::cos(angle) - b * std::sin(angle);
    head[i + half] = b * std::cos(angle) + a * std::sin(angle);
  }
}

// K (part 0) or V (part 1) of a position of a row's sequence.
static unsigned char* kv_at(const grok1_attention_args& a, uint64_t row, uint32_t position, uint64_t part) {
  const uint32_t tokens = a.kv->desc.page_tokens;
  const uint32_t page =
      a.step->page_table[uint64_t(a.step->chunk_of[row]) * a.step->limits.max_pages + position / tokens];
  return a.kv->page(a.layer->desc.index, page, part) + position % tokens * a.kv->token_bytes;
}

static void kv_store(const grok1_kv* kv, const std::vector<double>& from, unsigned char* to) {
  for (uint64_t i = 0; i < kv->token_numbers; ++i) {
    const auto value = float(from[i]);
    const uint16_t half = to_bf16(value);
    const bool f32 = kv->encoding == GROK1_ENCODING_F32;
    std::memcpy(to + i * element_size(kv->encoding), f32 ? static_cast<const void*>(&value) : &half,
                element_size(kv->encoding));
  }
}

// One query head of a row over all positions up to the row's own; `head` counts from the first of the kv head range.
static void attend(const grok1_attention_args& a, uint64_t row, uint64_t head) {
  grok1_step* const s = a.step;
  const grok1_model_desc& m = s->model;
  const uint64_t d = m.head_dim, size = element_size(a.kv->encoding), first = head / (m.heads / m.kv_heads) * d * size;
  const double* const q = s->q.data() + head * d;
  double* const out = s->mixed.data() + head * d;
  const uint32_t n = s->positions[row] + 1;
  for (uint32_t p = 0; p < n; ++p) {
    const unsigned char* const k = kv_at(a, row, p, 0) + first;
    double l = 0;
    for (uint64_t i = 0; i < d; ++i) l += q[i] * read_element(k + i * size, a.kv->encoding);
    l *= m.attention_multiplier;
    s->scores[p] = m.attention_soft_cap != 0 ? m.attention_soft_cap * std::tanh(l / m.attention_soft_cap) : l;
  }
  const double largest = *std::max_element(s->scores.begin(), s->scores.begin() + n);
  double sum = 0;
  for (uint32_t p = 0; p < n; ++p) sum += s->scores[p] = std::exp(s->scores[p] - largest);
  std::fill_n(out, d, 0.0);
  for (uint32_t p = 0; p < n; ++p) {
    const unsigned char* const v = kv_at(a, row, p, 1) + first;
    for (uint64_t i = 0; i < d; ++i) out[i] += s->scores[p] / sum * read_element(v + i * size, a.kv->encoding);
  }
}

static void attention(grok1_device*, const grok1_attention_args* args) {
  const grok1_attention_args a = take(args, GROK1_TYPE_ATTENTION_ARGS);
  require_all({a.queue, a.step, a.layer, a.kv, a.x});
  require_step(a.x->step, a.step);
  grok1_step* const s = a.step;
  const grok1_layer_desc& l = a.layer->desc;
  float* const y = s->rows(a.y, a.y_offset);
  require(l.q != nullptr, "the layer has no attention on this device");
  require(a.kv->desc.kv_head_begin == l.kv_head_begin && a.kv->desc.kv_head_end == l.kv_head_end &&
              a.kv->desc.page_tokens == s->limits.page_tokens,
          "heads or pages of the KV cache are not those of layer and step");
  const uint64_t hd = s->model.head_dim, kv_heads = l.kv_head_end - l.kv_head_begin;
  for (uint64_t r = 0; r < s->n_rows; ++r) {
    multiply(l.k, 0, load_row(s, a.x, r), s->k);
    multiply(l.v, 0, s->x, s->v);
    for (uint64_t head = 0; head < kv_heads; ++head) rope(s->model, s->k.data() + head * hd, s->positions[r]);
    kv_store(a.kv, s->k, kv_at(a, r, s->positions[r], 0));
    kv_store(a.kv, s->v, kv_at(a, r, s->positions[r], 1));
  }
  for (uint64_t r = 0; r < s->n_rows; ++r) {
    multiply(l.q, 0, load_row(s, a.x, r), s->q);
    for (uint64_t head = 0; head < kv_heads * (s->model.heads / s->model.kv_heads); ++head) {
      rope(s->model, s->q.data() + head * hd, s->positions[r]);
      attend(a, r, head);
    }
    multiply(l.o, 0, s->mixed, s->out);
    store_row(s->out, y + r * s->model.d_model);
  }
}

static void add_norm(grok1_device*, const grok1_add_norm_args* args) {
  const grok1_add_norm_args a = take(args, GROK1_TYPE_ADD_NORM_ARGS);
  require_all({a.queue, a.step});
  require_step(a.x == nullptr ? a.step : a.x->step, a.step);
  grok1_step* const s = a.step;
  const uint64_t d = s->model.d_model;
  float* const h = s->rows(a.h, a.h_offset);
  const float* const y = a.y == nullptr ? nullptr : s->rows(a.y, a.y_offset);
  for (uint64_t r = 0; r < s->n_rows && y != nullptr; ++r) {
    norm(s, a.post_norm, y + r * d, s->out);
    for (uint64_t i = 0; i < d; ++i) h[r * d + i] = float(h[r * d + i] + s->out[i]);
  }
  norm_rows(s, a.next_norm, h, a.x);
}

static void moe_route(grok1_device*, const grok1_route_args* args) {
  const grok1_route_args a = take(args, GROK1_TYPE_ROUTE_ARGS);
  require_all({a.queue, a.step, a.layer, a.x, a.route});
  require_step(a.x->step, a.step);
  require_step(a.route->step, a.step);
  grok1_step* const s = a.step;
  std::vector<double>& p = s->router;
  require(a.layer->desc.router != nullptr, "the layer has no router on this device");
  for (uint64_t r = 0; r < s->n_rows; ++r) {
    multiply(a.layer->desc.router, 0, load_row(s, a.x, r), p);
    const double largest = *std::max_element(p.begin(), p.end());
    double sum = 0;
    for (double& value : p) sum += value = std::exp(value - largest);
    for (uint64_t u = 0; u < s->model.experts_used;
         ++u) {  // gates are probabilities among all experts, not renormalised
      const auto best = std::max_element(p.begin(), p.end());  // the first of equals
      a.route->experts[r * s->model.experts_used + u] = int32_t(best - p.begin());
      a.route->gates[r * s->model.experts_used + u] = float(*best / sum);
      *best = -1;
    }
  }
}

static double gelu(double a) {
  constexpr double kPi = 3.14159265358979323846;
  return 0.5 * a * (1 + std::tanh(std::sqrt(2 / kPi) * (a + 0.044715 * a * a * a)));
}

static void moe_experts(grok1_device*, const grok1_experts_args* args) {
  const grok1_experts_args a = take(args, GROK1_TYPE_EXPERTS_ARGS);
  require_all({a.queue, a.step, a.layer, a.x, a.route});
  require_step(a.x->step, a.step);
  require_step(a.route->step, a.step);
  grok1_step* const s = a.step;
  const grok1_layer_desc& l = a.layer->desc;
  float* const y = s->rows(a.y, a.y_offset);
  require(l.gate != nullptr, "the layer has no experts on this device");
  for (uint64_t r = 0; r < s->n_rows; ++r) {
    load_row(s, a.x, r);
    std::fill(s->total.begin(), s->total.end(), 0.0);
    for (uint64_t u = r * s->model.experts_used; u < (r + 1) * s->model.experts_used; ++u) {
      const auto expert = uint32_t(a.route->experts[u]);
      if (expert < l.expert_begin || expert >= l.expert_end) continue;
      multiply(l.gate, expert - l.expert_begin, s->x, s->gate);
      multiply(l.up, expert - l.expert_begin, s->x, s->up);
      for (uint64_t f = 0; f < l.gate->n; ++f) s->gate[f] = gelu(s->gate[f]) * s->up[f];
      multiply(l.down, expert - l.expert_begin, s->gate, s->out);
      for (uint64_t i = 0; i < s->out.size(); ++i) s->total[i] += a.route->gates[u] * s->out[i];
    }
    store_row(s->total, y + r * s->model.d_model);
  }
}

static void accumulate(grok1_queue*, grok1_buffer* y, uint64_t y_offset, const grok1_buffer* x, uint64_t x_offset,
                       uint64_t count) {
  float* const to = inside<float>(y, y_offset, count);
  const float* const from = inside<float>(x, x_offset, count);
  for (uint64_t i = 0; i < count; ++i) to[i] += from[i];
}

static void logits(grok1_device*, const grok1_logits_args* args) {
  const grok1_logits_args a = take(args, GROK1_TYPE_LOGITS_ARGS);
  require_all({a.queue, a.step, a.lm_head, a.x});
  require_step(a.x->step, a.step);
  grok1_step* const s = a.step;
  const grok1_weight* const output = a.lm_head->desc.output;
  float* out = inside<float>(a.logits, a.logits_offset, s->n_logit_rows * output->n);
  for (uint32_t i = 0; i < s->n_logit_rows; ++i) {
    load_row(s, a.x, s->logit_rows[i]);
    for (uint64_t v = 0; v < output->n; ++v) {
      double sum = 0;
      for (uint64_t k = 0; k < output->k; ++k) sum += s->x[k] * output->values[v * output->k + k];
      *out++ = float(sum * double(s->model.output_multiplier));
    }
  }
}

// ---- The table and the entry

template <auto function>
struct Entry;
// The function as the table wants it: with `err` behind its arguments, and a status instead of exceptions.
template <typename... Args, void (*function)(Args...)>
struct Entry<function> {
  static grok1_status call(Args... args, grok1_error* err) noexcept {
    try {
      (require_pointer(args), ...);
      function(args...);
      return 0;
    } catch (const Failure& failure) {
      return write(err, failure.status, failure.message);
    } catch (const std::exception&) {  // bad_alloc, or a vector's length_error
      return write(err, GROK1_E_OUT_OF_MEMORY, "template: out of memory");
    }
  }
  template <typename T>
  static void require_pointer(T* pointer) {
    require_all({pointer});
  }
  static void require_pointer(const uint32_t*) {}  // an array, which may be empty
  static void require_pointer(uint64_t) {}         // a number
  static grok1_status write(grok1_error* err, grok1_status status, const char* message) {
    err->status = status;
    err->native_code = 0;
    err->source = GROK1_SOURCE_BACKEND;
    err->offset = 0;
    std::snprintf(err->message, sizeof err->message, "%s", message);
    return status;
  }
};

static grok1_backend_ops make_operators() {
  grok1_backend_ops ops = {};
  ops.struct_size = sizeof ops;
#define OFFER(name) ops.name = Entry<name>::call
  ops.close = close_backend;
  OFFER(device_count), OFFER(device_info), OFFER(device_open), OFFER(supports);
  ops.device_close = device_close;
  OFFER(buffer_alloc), OFFER(buffer_map), OFFER(copy), OFFER(fill);
  ops.buffer_free = buffer_free;
  OFFER(queue_create), OFFER(queue_sync), OFFER(queue_wait), OFFER(event_create), OFFER(event_record),
      OFFER(event_wait);
  ops.queue_destroy = queue_destroy;
  ops.event_destroy = event_destroy;
  OFFER(weight_plan), OFFER(weight_begin), OFFER(weight_chunk), OFFER(weight_end);
  ops.weight_free = weight_free;
  OFFER(layer_bind), OFFER(lm_head_bind);
  ops.layer_free = layer_free;
  ops.lm_head_free = lm_head_free;
  OFFER(kv_plan), OFFER(kv_create), OFFER(kv_copy_pages), OFFER(kv_export), OFFER(kv_import);
  ops.kv_destroy = kv_destroy;
  OFFER(step_plan), OFFER(step_create), OFFER(step_set);
  ops.step_destroy = step_destroy;
  OFFER(act_create), OFFER(act_export), OFFER(act_import), OFFER(route_create), OFFER(route_export),
      OFFER(route_import);
  ops.act_destroy = act_destroy;
  ops.route_destroy = route_destroy;
  OFFER(embed), OFFER(attention), OFFER(add_norm), OFFER(moe_route), OFFER(moe_experts), OFFER(accumulate),
      OFFER(logits);
#undef OFFER
  return ops;
}

static void open_backend(const grok1_backend_host*, grok1_backend** backend, const grok1_backend_ops** ops) {
  static const grok1_backend_ops operators = make_operators();
  *backend = new grok1_backend;
  *ops = &operators;
}

GROK1_BACKEND_ENTRY("template", "grok1 samples", "0.1", GROK1_BACKEND_EXPLICIT_ONLY, Entry<open_backend>::call)
