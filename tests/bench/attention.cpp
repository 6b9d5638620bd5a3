// bench_attention TYPE [POSITIONS] [THREADS] [LAYERS] [REPEATS]: time of the attention operator for one row of Grok-1's
// heads (48 of 128, 8 kv heads), behind POSITIONS cached positions and behind none, over layers whose caches together
// are larger than any processor's; beside a plain read of as many bytes by as many threads, in alternation. The
// shortest times count: others work on the machine too. d_model is small, so that matrices cost nothing. TYPE is f32,
// bf16, f16 or i8.
#include <grok1_backend.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

extern "C" const grok1_backend_descriptor grok1_backend_entry;

namespace {

constexpr uint32_t kHeads = 48, kKvHeads = 8, kHeadDim = 128, kWidth = 16, kPageTokens = 32;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

grok1_error err = GROK1_INIT(grok1_error);

void ok(grok1_status status) {
  if (status == GROK1_OK) return;
  std::fprintf(stderr, "bench_attention: %s\n", err.message);
  std::exit(1);
}

uint32_t type_of(const std::string& name) {
  static constexpr const char* kNames[] = {"default", "f32", "bf16", "f16", "i8"};
  for (uint32_t type = 1; type < 5; ++type)
    if (name == kNames[type]) return type;
  std::fprintf(stderr, "bench_attention: %s: f32, bf16, f16 or i8 wanted\n", name.c_str());
  std::exit(2);
}

uint64_t row_bytes(uint32_t type) {
  return type == GROK1_CACHE_F32 ? 4 * kHeadDim : type == GROK1_CACHE_I8 ? kHeadDim + 4 : 2 * kHeadDim;
}

// Layers of one attention on the CPU plugin, and a session's objects.
class Attention {
 public:
  Attention(uint32_t type, uint32_t positions, uint32_t threads, uint32_t layers)
      : type_(type), n_pages_(positions / kPageTokens + 1) {
    grok1_backend_host host{};
    host.struct_size = sizeof host;
    ok(grok1_backend_entry.open(&host, &backend_, &ops_, &err));
    ok(ops_->device_open(backend_, 0, ("threads=" + std::to_string(threads)).c_str(), &device_, &err));
    ok(ops_->queue_create(device_, &queue_, &err));
    model_.d_model = kWidth, model_.heads = kHeads, model_.kv_heads = kKvHeads, model_.head_dim = kHeadDim;
    model_.ffn = model_.experts = model_.experts_used = 1, model_.vocab_size = 1, model_.layers = layers;
    model_.context = positions + 1;
    model_.embedding_multiplier = model_.output_multiplier = 1, model_.attention_multiplier = 0.0884f;
    model_.attention_soft_cap = 30, model_.rope_base = 10000, model_.rms_norm_eps = 1e-5f;
    make_layers(layers);
    make_cache(layers);
    make_step();
  }

  // Seconds of all layers for a row at `position`.
  double run(uint32_t position) {
    const int32_t token = 0;
    const uint32_t chunk_begin[] = {0, 1};
    grok1_step_data data = GROK1_INIT(grok1_step_data);
    data.tokens = &token, data.positions = &position, data.chunk_begin = chunk_begin, data.page_table = pages_.data();
    data.n_rows = data.n_chunks = 1;
    ok(ops_->step_set(step_, queue_, &data, &err));
    ok(ops_->act_import(step_, queue_, x_, rows_, 0, &err));
    const auto start = std::chrono::steady_clock::now();
    for (const grok1_layer* layer : layers_) {
      grok1_attention_args args = GROK1_INIT(grok1_attention_args);
      args.queue = queue_, args.step = step_, args.layer = layer, args.kv = kv_, args.x = x_, args.y = rows_;
      args.y_offset = kWidth * sizeof(float);
      ok(ops_->attention(device_, &args, &err));
    }
    return seconds_since(start);
  }

 private:
  grok1_weight* weight(uint64_t k, uint64_t n) {
    std::normal_distribution<float> normal(0, 0.25f);
    std::vector<float>& values = values_.emplace_back(k * n);
    for (float& value : values) value = normal(random_);
    grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
    desc.kind = GROK1_WEIGHT_LINEAR, desc.order = GROK1_ORDER_KN, desc.encoding = GROK1_ENCODING_F32;
    desc.experts = desc.expert_end = 1, desc.k = desc.k_end = k, desc.n = desc.n_end = n, desc.data = values.data();
    grok1_weight* made = nullptr;
    ok(ops_->weight_begin(device_, &desc, &made, &err));
    ok(ops_->weight_end(made, queue_, &err));
    return made;
  }

  void make_layers(uint32_t layers) {
    grok1_layer_desc desc = GROK1_INIT(grok1_layer_desc);
    desc.model = &model_, desc.kv_head_end = kKvHeads, desc.expert_end = desc.ffn_end = 1;
    values_.reserve(4);
    desc.q = weight(kWidth, kHeads * kHeadDim), desc.k = weight(kWidth, kKvHeads * kHeadDim);
    desc.v = weight(kWidth, kKvHeads * kHeadDim), desc.o = weight(kHeads * kHeadDim, kWidth);
    for (desc.index = 0; desc.index < layers; ++desc.index) {
      grok1_layer* made = nullptr;
      ok(ops_->layer_bind(device_, &desc, &made, &err));
      layers_.push_back(made);
    }
  }

  void make_cache(uint32_t layers) {
    std::vector<uint32_t> numbers(layers);
    for (uint32_t i = 0; i < layers; ++i) numbers[i] = i;
    grok1_kv_desc desc = GROK1_INIT(grok1_kv_desc);
    desc.model = &model_, desc.layers = numbers.data(), desc.n_layers = layers, desc.kv_head_end = kKvHeads;
    desc.page_tokens = kPageTokens, desc.n_pages = n_pages_, desc.type = type_;
    ok(ops_->kv_create(device_, &desc, &kv_, &err));
    std::vector<char> page(2 * kPageTokens * kKvHeads * row_bytes(type_));
    std::normal_distribution<float> normal;
    for (size_t i = 0; i + 4 <= page.size(); i += 4) {
      // Numbers of about 1 in f32 and in the halves of f16 and bf16; digits and scales of int8 too.
      const float value = normal(random_);
      uint32_t bits = 0;
      std::memcpy(&bits, &value, 4);
      if (type_ != GROK1_CACHE_F32) bits = (bits >> 31 << 15 | 0x3c00u | (random_() & 0x3ff)) * 0x10001u;
      std::memcpy(&page[i], &bits, 4);
    }
    for (uint32_t layer = 0; layer < layers; ++layer)
      for (uint32_t i = 0; i < n_pages_; ++i)
        ok(ops_->kv_import(kv_, queue_, layer, i, kPageTokens, page.data(), page.size(), &err));
    for (uint32_t i = 0; i < n_pages_; ++i) pages_.push_back(i);
  }

  void make_step() {
    grok1_step_limits limits = GROK1_INIT(grok1_step_limits);
    limits.model = &model_, limits.max_rows = limits.max_chunks = limits.max_logit_rows = 1;
    limits.max_pages = n_pages_, limits.page_tokens = kPageTokens;
    ok(ops_->step_create(device_, &limits, &step_, &err));
    ok(ops_->act_create(step_, &x_, &err));
    ok(ops_->buffer_alloc(device_, 2 * kWidth * sizeof(float), GROK1_MEMORY_HOST, &rows_, &err));
    void* mapped = nullptr;
    ok(ops_->buffer_map(rows_, &mapped, &err));
    for (uint32_t i = 0; i < kWidth; ++i) static_cast<float*>(mapped)[i] = i % 3 == 0 ? 1.0f : -0.5f;
  }

  const uint32_t type_, n_pages_;
  std::mt19937 random_{3};
  std::vector<std::vector<float>> values_;
  std::vector<grok1_layer*> layers_;
  std::vector<uint32_t> pages_;
  const grok1_backend_ops* ops_ = nullptr;
  grok1_backend* backend_ = nullptr;
  grok1_device* device_ = nullptr;
  grok1_queue* queue_ = nullptr;
  grok1_model_desc model_ = GROK1_INIT(grok1_model_desc);
  grok1_kv* kv_ = nullptr;
  grok1_step* step_ = nullptr;
  grok1_act* x_ = nullptr;
  grok1_buffer* rows_ = nullptr;
};

thread_local volatile uint64_t sink;  // keeps a sum from being optimised away

void sum_words(const uint64_t* words, const uint64_t* end) {
  uint64_t sum = 0;
  for (; end - words >= 8; words += 8)
    for (int i = 0; i < 8; ++i) sum += words[i];
  sink = sum;
}

// As many bytes as the caches hold, on huge pages where there are any.
class PlainRead {
 public:
  explicit PlainRead(uint64_t bytes)
      : n_(bytes / sizeof(uint64_t)),
        words_(static_cast<uint64_t*>(
            mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    madvise(words_, bytes, MADV_HUGEPAGE);
    std::memset(words_, 1, bytes);
  }

  double run(unsigned n_threads) const {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < n_threads; ++t)
      threads.emplace_back(sum_words, words_ + n_ * t / n_threads, words_ + n_ * (t + 1) / n_threads);
    for (auto& thread : threads) thread.join();
    return seconds_since(start);
  }

 private:
  uint64_t n_;
  uint64_t* words_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 6) {
    std::fprintf(stderr, "usage: bench_attention TYPE [POSITIONS] [THREADS] [LAYERS] [REPEATS]\n");
    return 2;
  }
  const auto number = [&](int i, uint32_t otherwise) {
    return argc > i ? static_cast<uint32_t>(std::atoi(argv[i])) : otherwise;
  };
  const uint32_t type = type_of(argv[1]), positions = number(2, 8192), threads = number(3, 2), layers = number(4, 24);
  const double bytes = 2.0 * layers * positions * kKvHeads * static_cast<double>(row_bytes(type));
  Attention attention(type, positions, threads, layers);
  const PlainRead read(static_cast<uint64_t>(bytes));
  double reading = INFINITY, deep = INFINITY, shallow = INFINITY;
  for (uint32_t i = 0; i < number(5, 21); ++i) {
    reading = std::min(reading, read.run(threads));
    shallow = std::min(shallow, attention.run(0));
    deep = std::min(deep, attention.run(positions));
  }
  std::printf(
      "%s, %u threads, %u positions, %u layers, %.2f GB: read %.1f GB/s, attention %.1f GB/s, slope %.2f of the "
      "bytes\n",
      argv[1], threads, positions, layers, bytes / 1e9, bytes / reading / 1e9, bytes / (deep - shallow) / 1e9,
      (deep - shallow) / reading);
  return 0;
}
