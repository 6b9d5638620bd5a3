// KV caches: copies of pages, export and import in the canonical layout, across backends too, and how values are
// rounded.
#include "tests/conformance/compare.h"
#include "tests/conformance/rig.h"
#include "tests/conformance/suite.h"
#include "tests/conformance/tolerance.h"

namespace grok1::conformance {
namespace {

constexpr char kLayout[] =
    "the canonical layout, in the cache's own type: K [n_tokens, kv heads of the range, row], then V in the same "
    "shape; a "
    "row is head_dim numbers, for GROK1_CACHE_I8 the float s and then head_dim bytes d";
constexpr char kI8[] =
    "a float scale s = max|x| / 127 of the row, and int8 d = x / s rounded to nearest even; read as d * s. If max|x| < "
    "1e-30, s and all d are 0; if an x is infinite or not a number, s is NaN and all d are 0";

// Of a row's numbers.
uint32_t encoding_of(uint32_t cache) {
  switch (cache) {
    case GROK1_CACHE_F32: return GROK1_ENCODING_F32;
    case GROK1_CACHE_BF16: return GROK1_ENCODING_BF16;
    case GROK1_CACHE_F16: return GROK1_ENCODING_F16;
    default: return GROK1_ENCODING_I8;
  }
}

size_t scale_bytes(uint32_t cache) {
  return cache == GROK1_CACHE_I8 ? sizeof(float) : 0;
}
size_t row_bytes(uint32_t cache, uint32_t head_dim) {
  return scale_bytes(cache) + head_dim * bytes_of(encoding_of(cache));
}

// A rig with one layer of attention and a cache of 6 pages of 16 tokens for layers 1 and 3.
struct Cache {
  Rig rig;
  uint32_t type;
  BoundLayer layer;
  Handle<grok1_kv> kv;

  Cache(Device& device, const grok1_model_desc& model, const LayerTensors& tensors, uint32_t type_)
      : rig(device, model),
        type(type_),
        layer(bind_layer(device, model, tensors, whole_share(model), kAttention, Delivery::kWhole, 3)),
        kv(rig.make_kv(6, type_, {1, 3})) {}

  size_t bytes(uint32_t tokens) const {
    return 2 * tokens * rig.model().kv_heads * row_bytes(type, rig.model().head_dim);
  }

  std::vector<std::byte> export_page(uint32_t number, uint32_t page, uint32_t tokens) const {
    constexpr std::byte kSentinel{0xa5};
    std::vector<std::byte> data(bytes(tokens) + 64, kSentinel);
    call("kv_export", rig.device().ops().kv_export, kv.get(), rig.device().queue(), number, page, tokens,
         static_cast<void*>(data.data()), uint64_t(bytes(tokens)));
    rig.device().sync();
    for (size_t i = bytes(tokens); i < data.size(); ++i)
      EXPECT_EQ(data[i], kSentinel) << "kv_export wrote behind its " << bytes(tokens) << " bytes";
    data.resize(bytes(tokens));
    return data;
  }

  void import_page(uint32_t number, uint32_t page, uint32_t tokens, const std::vector<std::byte>& data) const {
    call("kv_import", rig.device().ops().kv_import, kv.get(), rig.device().queue(), number, page, tokens,
         static_cast<const void*>(data.data()), uint64_t(data.size()));
    rig.device().sync();
  }

  void copy_pages(const std::vector<uint32_t>& from, const std::vector<uint32_t>& to,
                  const std::vector<uint32_t>& tokens) const {
    call("kv_copy_pages", rig.device().ops().kv_copy_pages, kv.get(), rig.device().queue(), from.data(), to.data(),
         tokens.data(), from.size());
    rig.device().sync();
  }

  std::vector<float> attend(uint32_t first, const std::vector<uint32_t>& pages, const std::vector<float>& x) {
    Pass pass;
    pass.add(first, uint32_t(x.size() / rig.model().d_model), pages, Limits().pages);
    rig.set(pass);
    return rig.attention(layer, kv, rig.import_act(x));
  }
};

struct Scene {
  grok1_model_desc model = small_model();
  Random random{9};
  LayerTensors tensors = random_layer(random, model, kF32Kn);
  std::vector<float> prefix = random.normals(size_t(21) * model.d_model), next = random.normals(3 * model.d_model);
};

float scale_at(const std::byte* row) {
  return number_at(GROK1_ENCODING_F32, row);
}

// What rows of head_dim numbers read as.
std::vector<float> numbers(uint32_t cache, uint32_t head_dim, const std::vector<std::byte>& data) {
  const uint32_t encoding = encoding_of(cache);
  std::vector<float> values;
  for (size_t row = 0; row < data.size(); row += row_bytes(cache, head_dim)) {
    const float scale = cache == GROK1_CACHE_I8 ? scale_at(&data[row]) : 1;
    for (uint32_t i = 0; i < head_dim; ++i)
      values.push_back(scale * number_at(encoding, &data[row + scale_bytes(cache) + i * bytes_of(encoding)]));
  }
  return values;
}

std::vector<std::byte> random_page(Random& random, const Cache& cache, uint32_t tokens) {
  const uint32_t encoding = encoding_of(cache.type), head_dim = cache.rig.model().head_dim;
  std::vector<std::byte> data(cache.bytes(tokens));
  for (size_t row = 0; row < data.size(); row += row_bytes(cache.type, head_dim)) {
    if (cache.type == GROK1_CACHE_I8) store_number(GROK1_ENCODING_F32, float(random.uniform()), &data[row]);
    for (uint32_t i = 0; i < head_dim; ++i) {
      std::byte* number = &data[row + scale_bytes(cache.type) + i * bytes_of(encoding)];
      if (cache.type == GROK1_CACHE_I8)
        *number = std::byte(random.below(256));
      else
        store_number(encoding, float(random.normal()), number);
    }
  }
  return data;
}

class KvCache : public testing::TestWithParam<uint32_t> {
 protected:
  Claim claim(const char* shape, const char* contract = kLayout) const {
    return {"kv cache", "type " + std::to_string(GetParam()) + ", " + shape, 16, contract};
  }
};

std::string cache_name(const testing::TestParamInfo<uint32_t>& cache) {
  static constexpr const char* kNames[] = {"", "F32", "BF16", "F16", "I8"};
  return kNames[cache.param];
}

TEST_P(KvCache, ReturnsTheBytesThatWereImported) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GetParam());
  Scene s;
  const Cache cache(candidate(), s.model, s.tensors, GetParam());
  const auto whole = random_page(s.random, cache, 16), part = random_page(s.random, cache, 5);
  const auto other = random_page(s.random, cache, 16);
  cache.import_page(1, 4, 16, whole);
  cache.import_page(3, 4, 16, other);
  EXPECT_EQ(whole, cache.export_page(1, 4, 16)) << kLayout;
  EXPECT_EQ(other, cache.export_page(3, 4, 16)) << "for each of the listed layers; a page id is valid in all of them";
  cache.import_page(1, 4, 5, part);
  EXPECT_EQ(part, cache.export_page(1, 4, 5)) << "the first n_tokens tokens";
  std::vector<std::byte> mixed = whole;
  std::copy_n(part.begin(), part.size() / 2, mixed.begin());
  std::copy_n(part.begin() + ptrdiff_t(part.size() / 2), part.size() / 2, mixed.begin() + ptrdiff_t(whole.size() / 2));
  EXPECT_EQ(mixed, cache.export_page(1, 4, 16)) << "tokens behind the first n_tokens stay";
}

TEST_P(KvCache, HoldsWhatTheReferenceHolds) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GetParam());
  Scene s;
  Cache expected(reference(), s.model, s.tensors, GetParam()), found(candidate(), s.model, s.tensors, GetParam());
  for (Cache* cache : {&expected, &found}) cache->attend(0, {5, 2}, s.prefix);
  for (const auto& [page, tokens] : {std::pair(5u, 16u), std::pair(2u, 5u)})
    expect_close(claim("exported after attention", "K is stored after RoPE. K [n_tokens, kv heads, head_dim], then V"),
                 numbers(GetParam(), s.model.head_dim, expected.export_page(3, page, tokens)),
                 numbers(GetParam(), s.model.head_dim, found.export_page(3, page, tokens)),
                 with_cache(kLinear, GetParam()));
}

// A page that one backend filled, the other goes on with.
TEST_P(KvCache, MovesBetweenBackends) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GetParam());
  Scene s;
  Cache ours(candidate(), s.model, s.tensors, GetParam()), theirs(reference(), s.model, s.tensors, GetParam());
  for (const auto& [from, to] : {std::pair(&theirs, &ours), std::pair(&ours, &theirs)}) {
    from->attend(0, {5, 2}, s.prefix);
    to->import_page(3, 0, 16, from->export_page(3, 5, 16));
    to->import_page(3, 3, 5, from->export_page(3, 2, 5));
    const std::vector<float> stayed = from->attend(21, {5, 2}, s.next), moved = to->attend(21, {0, 3}, s.next);
    expect_close({"kv_import", from == &ours ? "exported by the backend" : "exported by the reference", s.model.d_model,
                  kLayout},
                 stayed, moved, with_cache(kChained, GetParam()));
  }
}

TEST_P(KvCache, CopiesTheFirstTokensOfPagesInEveryLayer) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GetParam());
  Scene s;
  const Cache cache(candidate(), s.model, s.tensors, GetParam());
  std::vector<std::vector<std::byte>> pages;
  for (const uint32_t layer : {1u, 3u})
    for (uint32_t page = 0; page < 6; ++page) {
      pages.push_back(random_page(s.random, cache, 16));
      cache.import_page(layer, page, 16, pages.back());
    }
  cache.copy_pages({0, 4, 4}, {3, 5, 1}, {16, 7, 1});
  cache.copy_pages({}, {}, {});
  for (uint32_t i = 0; i < 2; ++i) {
    const auto at = [&](uint32_t page) { return pages[i * 6 + page]; };
    const uint32_t layer = 1 + 2 * i;
    EXPECT_EQ(cache.export_page(layer, 3, 16), at(0)) << "page 3 of layer " << layer;
    for (const auto& [to, from, tokens] : {std::tuple(5u, 4u, 7u), std::tuple(1u, 4u, 1u)}) {
      std::vector<std::byte> expected = at(to), source = at(from);
      const auto half = ptrdiff_t(expected.size() / 2), bytes = ptrdiff_t(cache.bytes(tokens) / 2);
      std::copy(source.begin(), source.begin() + bytes, expected.begin());
      std::copy(source.begin() + half, source.begin() + half + bytes, expected.begin() + half);
      EXPECT_EQ(cache.export_page(layer, to, 16), expected) << "page " << to << " of layer " << layer << ", " << tokens
                                                            << " tokens copied: Copies the first n_tokens tokens";
    }
    for (const uint32_t page : {0u, 2u, 4u}) EXPECT_EQ(cache.export_page(layer, page, 16), at(page)) << "page " << page;
  }
}

class KvRounding : public KvCache {};

// One row of a single input makes V a row of Wv; its values are at least a quarter of a unit away from a tie of
// rounding.
TEST_P(KvRounding, IsToNearest) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GetParam());
  Scene s;
  const uint32_t n = s.model.kv_heads * s.model.head_dim;
  const double unit = unit_of_cache(GetParam());  // of numbers from 1 to 2
  for (uint32_t i = 0; i < n; ++i) {
    const double part = s.random.below(2) == 0 ? 0.25 * s.random.uniform() : 0.75 + 0.24 * s.random.uniform();
    s.tensors.v.set(0, 0, i, float((i % 2 == 0 ? 1 : -1) * (1 + unit * (s.random.below(60) + part))));
  }
  std::vector<float> x(s.model.d_model);
  x[0] = 1;
  Cache cache(candidate(), s.model, s.tensors, GetParam());
  cache.attend(0, {1}, x);
  const std::vector<float> found = numbers(GetParam(), s.model.head_dim, cache.export_page(3, 1, 1));
  std::vector<float> expected(n);
  for (uint32_t i = 0; i < n; ++i) {
    std::byte rounded[4];
    store_number(encoding_of(GetParam()), float(s.tensors.v.at(0, 0, i)), rounded);
    expected[i] = number_at(encoding_of(GetParam()), rounded);
  }
  expect_same_bits(claim("one token", "stored values are rounded to nearest even"), expected,
                   {found.begin() + n, found.end()});
}

// Every K and V is a tie between units i and i + 1 above 1, so that half of them go down and half go up. x and weights
// have so few bits that they and their products are exact in any arithmetic, in integers of 15 bits too, whose scale of
// 127/128 is 2^-15. At position 0 RoPE turns nothing, and y is what was stored: reading it unrounded would be off by
// half a unit, 4.8e-4 for f16.
TEST_P(KvRounding, TiesGoToEven) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GetParam());
  Scene s;
  const uint32_t n = s.model.kv_heads * s.model.head_dim, heads_per_kv = s.model.heads / s.model.kv_heads;
  const double unit = unit_of_cache(GetParam());  // of numbers from 1 to 2
  std::vector<float> x(s.model.d_model), expected(n), y(s.model.d_model);
  x[0] = 127.0f / 128, x[1] = 0.5f;
  std::fill(s.tensors.o.data.begin(), s.tensors.o.data.end(), std::byte(0));
  for (uint32_t i = 0; i < n; ++i) {
    const double sign = i % 4 < 2 ? 1 : -1;
    for (Tensor* tensor : {&s.tensors.k, &s.tensors.v}) {
      tensor->set(0, 0, i, 0);
      tensor->set(0, 1, i, float(2 * sign * (1 + unit * (i + 0.5))));
    }
    expected[i] = y[i] = float(sign * (1 + unit * (i % 2 == 0 ? i : i + 1)));
    const uint32_t head = i / s.model.head_dim * heads_per_kv;  // the first to read this kv head
    s.tensors.o.set(0, head * s.model.head_dim + i % s.model.head_dim, i, 1);
  }
  Cache cache(candidate(), s.model, s.tensors, GetParam());
  const std::vector<float> read = cache.attend(0, {1}, x);
  const std::vector<float> found = numbers(GetParam(), s.model.head_dim, cache.export_page(3, 1, 1));
  expected.insert(expected.end(), y.begin(), y.begin() + n);
  expect_same_bits(claim("ties", "rounded to nearest even"), expected, found);
  expect_close({"attention", "y of ties, cache type " + std::to_string(GetParam()), s.model.d_model,
                "every read is of the stored value"},
               y, read, kLinear);
}

INSTANTIATE_TEST_SUITE_P(Types, KvCache,
                         testing::Values(GROK1_CACHE_F32, GROK1_CACHE_BF16, GROK1_CACHE_F16, GROK1_CACHE_I8),
                         cache_name);
INSTANTIATE_TEST_SUITE_P(Types, KvRounding, testing::Values(GROK1_CACHE_BF16, GROK1_CACHE_F16), cache_name);

// One token whose K and V of the second kv head are 0, those of the first 127 units and, between, a quarter of a unit
// beside an integer or in the middle between two. Numbers are exact as in TiesGoToEven.
TEST(KvI8, HoldsAScaleAndTheNearestIntegersOfEachHead) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GROK1_CACHE_I8);
  Scene s;
  const uint32_t head_dim = s.model.head_dim, n = s.model.kv_heads * head_dim;
  const double unit = 0x1p-5;
  std::vector<float> x(s.model.d_model), y(s.model.d_model), digits(head_dim);
  x[0] = 127.0f / 128, x[1] = 0.5f;
  std::fill(s.tensors.o.data.begin(), s.tensors.o.data.end(), std::byte(0));
  for (uint32_t i = 0; i < n; ++i) {
    const double parts[] = {0.25, 0.5, -0.25}, sign = i % 4 < 2 ? 1 : -1;
    const double value = i >= head_dim ? 0 : i == 5 ? -127 : sign * (7 * i + parts[i % 3]);
    if (i < head_dim) digits[i] = float(std::nearbyint(value));
    for (Tensor* tensor : {&s.tensors.k, &s.tensors.v}) {
      tensor->set(0, 0, i, 0);
      tensor->set(0, 1, i, float(2 * unit * value));
    }
    if (i < head_dim) s.tensors.o.set(0, i, i, 1), y[i] = float(unit) * digits[i];
  }
  Cache cache(candidate(), s.model, s.tensors, GROK1_CACHE_I8);
  const std::vector<float> read = cache.attend(0, {1}, x);
  const std::vector<std::byte> found = cache.export_page(3, 1, 1);
  const size_t row = row_bytes(GROK1_CACHE_I8, head_dim);
  for (size_t half = 0; half < 2; ++half) {
    const std::byte *first = &found[2 * half * row], *second = first + row;
    EXPECT_EQ(scale_at(first), float(unit)) << kI8;
    for (uint32_t i = 0; i < head_dim; ++i)
      EXPECT_EQ(number_at(GROK1_ENCODING_I8, first + sizeof(float) + i), digits[i])
          << (half == 0 ? "K" : "V") << " of dimension " << i << ": " << kI8;
    EXPECT_TRUE(std::all_of(second, second + row, [](std::byte b) { return b == std::byte(0); })) << "zeros: " << kI8;
  }
  expect_close({"attention", "y of an int8 row", s.model.d_model, "every read is of the stored value"}, y, read,
               kLinear);
}

TEST(KvI8, ARowWithAnInfiniteNumberReadsAsNaN) {
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GROK1_CACHE_I8);
  Scene s;
  std::vector<float> x(s.model.d_model);
  x[0] = 1;
  s.tensors.v.set(0, 0, 3, INFINITY);
  Cache cache(candidate(), s.model, s.tensors, GROK1_CACHE_I8);
  cache.attend(0, {1}, x);
  const std::vector<float> read = numbers(GROK1_CACHE_I8, s.model.head_dim, cache.export_page(3, 1, 1));
  const auto v = read.begin() + s.model.kv_heads * s.model.head_dim;
  for (uint32_t i = 0; i < 2 * s.model.head_dim; ++i)
    EXPECT_EQ(std::isnan(v[i]), i < s.model.head_dim) << "V of dimension " << i << ": " << kI8;
}

TEST(KvRefusals, PagesTokensAndSizes) {
  Scene s;
  const Cache cache(candidate(), s.model, s.tensors, GROK1_CACHE_F32);
  const grok1_backend_ops& ops = candidate().ops();
  grok1_queue* queue = candidate().queue();
  std::vector<std::byte> data(cache.bytes(17));
  void* to = data.data();
  const void* from = data.data();
  const uint64_t size = cache.bytes(16);
  expect_refused("a layer that the cache lacks", ops.kv_export, cache.kv.get(), queue, 2u, 0u, 16u, to, size);
  expect_refused("a page past the last", ops.kv_export, cache.kv.get(), queue, 1u, 6u, 16u, to, size);
  expect_refused("17 tokens of 16", ops.kv_export, cache.kv.get(), queue, 1u, 0u, 17u, to, uint64_t(cache.bytes(17)));
  expect_refused("a wrong size", ops.kv_export, cache.kv.get(), queue, 1u, 0u, 16u, to, size - 4);
  expect_refused("a wrong size", ops.kv_import, cache.kv.get(), queue, 1u, 0u, 16u, from, size + 4);
  expect_refused("a page past the last", ops.kv_import, cache.kv.get(), queue, 3u, 6u, 16u, from, size);
  const uint32_t page = 0, other = 1, wrong = 6, tokens = 16, many = 17;
  expect_refused("a copy to a page past the last", ops.kv_copy_pages, cache.kv.get(), queue, &page, &wrong, &tokens,
                 size_t(1));
  expect_refused("a copy of 17 tokens", ops.kv_copy_pages, cache.kv.get(), queue, &page, &other, &many, size_t(1));
  expect_refused("a copy of a page to itself", ops.kv_copy_pages, cache.kv.get(), queue, &page, &page, &tokens,
                 size_t(1));
  cache.copy_pages({0}, {1}, {16});
}

TEST(KvRefusals, Descriptions) {
  const grok1_model_desc model = small_model();
  const uint32_t layers[] = {0, 1}, falling[] = {1, 0}, outside[] = {0, 4};
  grok1_kv_desc right = GROK1_INIT(grok1_kv_desc);
  right.model = &model;
  right.layers = layers, right.n_layers = 2;
  right.kv_head_end = model.kv_heads;
  right.page_tokens = 16, right.n_pages = 4;
  right.type = GROK1_CACHE_F32;
  const auto refused = [&](const char* what, auto change) {
    grok1_kv_desc desc = right;
    change(desc);
    uint64_t bytes = 0;
    grok1_kv* kv = nullptr;
    expect_refused(std::string("kv_plan: ") + what, candidate().ops().kv_plan, candidate().handle(),
                   static_cast<const grok1_kv_desc*>(&desc), &bytes);
    expect_refused(std::string("kv_create: ") + what, candidate().ops().kv_create, candidate().handle(),
                   static_cast<const grok1_kv_desc*>(&desc), &kv);
  };
  refused("no model", [](grok1_kv_desc& d) { d.model = nullptr; });
  refused("no layers", [](grok1_kv_desc& d) { d.n_layers = 0; });
  refused("falling layers", [&](grok1_kv_desc& d) { d.layers = falling; });
  refused("a layer past the last", [&](grok1_kv_desc& d) { d.layers = outside; });
  refused("pages of 24", [](grok1_kv_desc& d) { d.page_tokens = 24; });
  refused("pages of 8", [](grok1_kv_desc& d) { d.page_tokens = 8; });
  refused("pages of 512", [](grok1_kv_desc& d) { d.page_tokens = 512; });
  refused("cache type 99", [](grok1_kv_desc& d) { d.type = 99; });
  refused("kv heads past the last", [](grok1_kv_desc& d) { d.kv_head_end = 3; });
  refused("no kv heads", [](grok1_kv_desc& d) { d.kv_head_begin = d.kv_head_end; });
  uint64_t bytes = 0;
  call("kv_plan", candidate().ops().kv_plan, candidate().handle(), static_cast<const grok1_kv_desc*>(&right), &bytes);
  // 2 layers, 4 pages of 16 tokens, K and V of 2 heads of 16 floats; a backend may round up.
  EXPECT_GE(bytes, 2u * 4 * 16 * 2 * 2 * 16 * 4);
  GROK1_SKIP_IF_UNSUPPORTED(GROK1_SUPPORT_CACHE, GROK1_CACHE_I8);
  right.type = GROK1_CACHE_I8;
  const uint64_t of_floats = bytes;
  call("kv_plan", candidate().ops().kv_plan, candidate().handle(), static_cast<const grok1_kv_desc*>(&right), &bytes);
  EXPECT_GE(bytes, 2u * 4 * 16 * 2 * 2 * (16 + 4));
  EXPECT_LT(bytes, of_floats / 2);
}

}  // namespace
}  // namespace grok1::conformance
