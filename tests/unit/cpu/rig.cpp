#include "tests/unit/cpu/rig.h"

namespace grok1::cpu {

void Rig::ok(grok1_status status) {
  if (status != GROK1_OK) throw std::runtime_error(err_.message);
}

Rig::Rig(const std::string& options, uint32_t page_tokens, uint32_t cache_type) {
  grok1_backend_host host{};
  host.struct_size = sizeof host;
  ok(grok1_backend_entry.open(&host, &backend_, &ops_, &err_));
  ok(ops_->device_open(backend_, 0, options.c_str(), &device_, &err_));
  ok(ops_->queue_create(device_, &queue_, &err_));
  model_.d_model = 320, model_.heads = 14, model_.kv_heads = 2, model_.head_dim = 24, model_.ffn = 2400;
  model_.experts = 4, model_.experts_used = 2, model_.vocab_size = 211, model_.layers = 1, model_.context = 640;
  model_.embedding_multiplier = 1.5f, model_.output_multiplier = 0.577f, model_.attention_multiplier = 0.2f;
  model_.attention_soft_cap = 30.0f, model_.rope_base = 10000.0f, model_.rms_norm_eps = 1e-5f;
  const uint64_t d = model_.d_model, q = 14 * 24, kv = 2 * 24;

  grok1_layer_desc layer = GROK1_INIT(grok1_layer_desc);
  layer.model = &model_;
  layer.q = weight(1, d, q, 1), layer.k = weight(1, d, kv, 1), layer.v = weight(1, d, kv, 1);
  layer.o = weight(1, q, d, 8);
  layer.router = floats(GROK1_WEIGHT_LINEAR, GROK1_ORDER_KN, d, 4);
  layer.gate = weight(4, d, 2400, 1), layer.up = weight(4, d, 2400, 1), layer.down = weight(4, 2400, d, 8);
  layer.kv_head_end = 2, layer.expert_end = 4, layer.ffn_end = 2400;
  ok(ops_->layer_bind(device_, &layer, &layer_, &err_));
  grok1_lm_head_desc head = GROK1_INIT(grok1_lm_head_desc);
  head.model = &model_, head.vocab_end = 211;
  head.embedding = floats(GROK1_WEIGHT_LINEAR, GROK1_ORDER_NK, d, 211);
  ok(ops_->lm_head_bind(device_, &head, &head_, &err_));
  for (grok1_weight*& norm : norm_) norm = floats(GROK1_WEIGHT_VECTOR, GROK1_ORDER_KN, d, 1);

  const uint32_t zero = 0;
  grok1_kv_desc cache = GROK1_INIT(grok1_kv_desc);
  cache.model = &model_, cache.layers = &zero, cache.n_layers = 1, cache.kv_head_end = 2;
  cache.page_tokens = page_tokens, cache.n_pages = kPages, cache.type = cache_type;
  ok(ops_->kv_create(device_, &cache, &kv_, &err_));
  grok1_step_limits limits = GROK1_INIT(grok1_step_limits);
  limits.model = &model_, limits.max_rows = kRows, limits.max_chunks = 1, limits.max_pages = kPages;
  limits.max_logit_rows = kRows, limits.page_tokens = page_tokens;
  ok(ops_->step_create(device_, &limits, &step_, &err_));
  ok(ops_->act_create(step_, &x_, &err_));
  ok(ops_->route_create(step_, &route_, &err_));
  ok(ops_->buffer_alloc(device_, kRows * d * 4, GROK1_MEMORY_HOST, &h_, &err_));
  ok(ops_->buffer_alloc(device_, kRows * d * 4, GROK1_MEMORY_HOST, &y_, &err_));
  ok(ops_->buffer_alloc(device_, kRows * 211 * 4, GROK1_MEMORY_HOST, &logits_, &err_));
}

Rig::~Rig() {
  for (grok1_buffer* buffer : {h_, y_, logits_}) ops_->buffer_free(buffer);
  ops_->act_destroy(x_), ops_->route_destroy(route_), ops_->step_destroy(step_), ops_->kv_destroy(kv_);
  ops_->layer_free(layer_), ops_->lm_head_free(head_);
  for (grok1_weight* weight : weights_) ops_->weight_free(weight);
  ops_->queue_destroy(queue_), ops_->device_close(device_), ops_->close(backend_);
}

grok1_weight* Rig::weight(uint64_t experts, uint64_t k, uint64_t n, uint32_t groups) {
  auto values = std::make_unique<std::vector<char>>(experts * k * n);
  for (char& w : *values) w = static_cast<char>(random_());
  auto scales = std::make_unique<std::vector<char>>(experts * groups * n * 2);
  for (size_t i = 0; i < scales->size(); i += 2) {
    const uint16_t scale = static_cast<uint16_t>(0x3a00 + random_() % 64);  // bf16, about 5e-4
    std::memcpy(scales->data() + i, &scale, 2);
  }
  grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
  desc.kind = GROK1_WEIGHT_LINEAR, desc.order = GROK1_ORDER_KN, desc.encoding = GROK1_ENCODING_I8;
  desc.scale_encoding = GROK1_ENCODING_BF16, desc.groups = groups;
  desc.experts = desc.expert_end = static_cast<uint32_t>(experts);
  desc.k = desc.k_end = k, desc.n = desc.n_end = n;
  desc.data = values->data(), desc.scales = scales->data();
  data_.push_back(std::move(values)), data_.push_back(std::move(scales));
  grok1_weight* made = nullptr;
  ok(ops_->weight_begin(device_, &desc, &made, &err_));
  weights_.push_back(made);
  ok(ops_->weight_end(made, queue_, &err_));
  return made;
}

grok1_weight* Rig::floats(uint32_t kind, uint32_t order, uint64_t k, uint64_t n) {
  std::normal_distribution<float> normal(kind == GROK1_WEIGHT_VECTOR ? 1.0f : 0.0f, 0.2f);
  auto values = std::make_unique<std::vector<char>>(k * n * 4);
  for (size_t i = 0; i < k * n; ++i) {
    const float value = normal(random_);
    std::memcpy(values->data() + 4 * i, &value, 4);
  }
  grok1_weight_desc desc = GROK1_INIT(grok1_weight_desc);
  desc.kind = kind, desc.order = order, desc.encoding = GROK1_ENCODING_F32;
  desc.experts = desc.expert_end = 1, desc.k = desc.k_end = k, desc.n = desc.n_end = n, desc.data = values->data();
  data_.push_back(std::move(values));
  grok1_weight* made = nullptr;
  ok(ops_->weight_begin(device_, &desc, &made, &err_));
  weights_.push_back(made);
  ok(ops_->weight_end(made, queue_, &err_));
  return made;
}

std::vector<int32_t> Rig::tokens(size_t count) {
  std::mt19937 random(5);
  std::vector<int32_t> ids(count);
  for (int32_t& id : ids) id = static_cast<int32_t>(random() % 211);
  return ids;
}

std::vector<float> Rig::run(const std::vector<int32_t>& tokens, const std::vector<uint32_t>& sizes) {
  std::vector<float> logits;
  size_t step = 0;
  for (uint32_t begin = 0; begin < tokens.size(); ++step) {
    const uint32_t rest = static_cast<uint32_t>(tokens.size()) - begin;
    const uint32_t count = std::min(rest, sizes[std::min(step, sizes.size() - 1)]);
    pass(tokens, begin, count, logits);
    begin += count;
  }
  return logits;
}

void Rig::pass(const std::vector<int32_t>& tokens, uint32_t begin, uint32_t count, std::vector<float>& logits) {
  std::vector<uint32_t> positions(count), rows(count), pages(kPages);
  for (uint32_t i = 0; i < count; ++i) positions[i] = begin + i, rows[i] = i;
  for (uint32_t p = 0; p < kPages; ++p) pages[p] = (p * 7 + 3) % kPages;  // out of order: 7 and 40 share no factor
  const uint32_t chunk_begin[] = {0, count};
  grok1_step_data data = GROK1_INIT(grok1_step_data);
  data.tokens = tokens.data() + begin, data.positions = positions.data(), data.chunk_begin = chunk_begin;
  data.page_table = pages.data(), data.logit_rows = rows.data();
  data.n_rows = data.n_logit_rows = count, data.n_chunks = 1;
  ok(ops_->step_set(step_, queue_, &data, &err_));

  grok1_embed_args embed = GROK1_INIT(grok1_embed_args);
  embed.queue = queue_, embed.step = step_, embed.lm_head = head_, embed.next_norm = norm_[0], embed.h = h_;
  embed.x = x_;
  ok(ops_->embed(device_, &embed, &err_));
  grok1_attention_args attention = GROK1_INIT(grok1_attention_args);
  attention.queue = queue_, attention.step = step_, attention.layer = layer_, attention.kv = kv_, attention.x = x_;
  attention.y = y_;
  ok(ops_->attention(device_, &attention, &err_));
  grok1_add_norm_args add = GROK1_INIT(grok1_add_norm_args);
  add.queue = queue_, add.step = step_, add.post_norm = norm_[1], add.next_norm = norm_[2], add.h = h_, add.y = y_;
  add.x = x_;
  ok(ops_->add_norm(device_, &add, &err_));
  grok1_route_args route = GROK1_INIT(grok1_route_args);
  route.queue = queue_, route.step = step_, route.layer = layer_, route.x = x_, route.route = route_;
  ok(ops_->moe_route(device_, &route, &err_));
  grok1_experts_args experts = GROK1_INIT(grok1_experts_args);
  experts.queue = queue_, experts.step = step_, experts.layer = layer_, experts.x = x_, experts.route = route_;
  experts.y = y_;
  ok(ops_->moe_experts(device_, &experts, &err_));
  add.post_norm = norm_[3], add.next_norm = norm_[0];
  ok(ops_->add_norm(device_, &add, &err_));
  grok1_logits_args out = GROK1_INIT(grok1_logits_args);
  out.queue = queue_, out.step = step_, out.lm_head = head_, out.x = x_, out.logits = logits_;
  ok(ops_->logits(device_, &out, &err_));
  void* mapped = nullptr;
  ok(ops_->buffer_map(logits_, &mapped, &err_));
  const float* found = static_cast<const float*>(mapped);
  logits.insert(logits.end(), found, found + uint64_t{count} * 211);
}

}  // namespace grok1::cpu
