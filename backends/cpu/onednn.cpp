// One product for each number of rows that panels are rounded up to, all made when the device is opened: see onednn.h.
#include "backends/cpu/onednn.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "backends/cpu/onednn_library.h"
#include "backends/cpu/refusal.h"

namespace grok1::cpu {
namespace {

constexpr uint32_t kRowStep = 16;
constexpr uint32_t kShapes = kPanelRows / kRowStep;

// A product of kBlock inputs and kStrip columns.
struct Shape {
  dnnl_memory_desc_t digits, sums, scratch;
  Owned<dnnl_primitive_t> primitive;
};

// What Gemm says: quads of inputs, 64 columns of each. It is also the order that the library likes best.
dnnl_memory_desc_t weights_of_block() {
  static_assert(kStrip == 64 && kBlock % 64 == 0);
  return matrix(kBlock, kStrip, dnnl_s8, dnnl_BA16a64b4a);
}

Owned<dnnl_primitive_desc_t> describe(dnnl_engine_t engine, const Shape& shape) {
  const dnnl_memory_desc_t weights = weights_of_block();
  dnnl_matmul_desc_t matmul;
  check(onednn().matmul_desc_init(&matmul, &shape.digits, &weights, nullptr, &shape.sums), "matmul_desc_init");
  dnnl_primitive_attr_t made = nullptr;
  check(onednn().primitive_attr_create(&made), "primitive_attr_create");
  const Owned<dnnl_primitive_attr_t> attr(made, onednn().primitive_attr_destroy);
  check(onednn().primitive_attr_set_scratchpad_mode(made, dnnl_scratchpad_mode_user), "set_scratchpad_mode");
  dnnl_primitive_desc_t product = nullptr;
  check(onednn().primitive_desc_create(&product, &matmul, made, engine, nullptr), "primitive_desc_create");
  return {product, onednn().primitive_desc_destroy};
}

Shape make_shape(dnnl_engine_t engine, uint32_t rows) {
  Shape shape{matrix(rows, kBlock, dnnl_u8, dnnl_ab), matrix(rows, kStrip, dnnl_s32, dnnl_ab), {}, {nullptr, nullptr}};
  const Owned<dnnl_primitive_desc_t> product = describe(engine, shape);
  const char* kernel = "";
  check(onednn().primitive_desc_query(product.get(), dnnl_query_impl_info_str, 0, &kernel), "primitive_desc_query");
  if (std::strncmp(kernel, "brg:", 4) != 0)
    refuse(GROK1_E_UNSUPPORTED, "gemm=onednn: oneDNN has only '%s' for this processor, which is slow", kernel);
  shape.scratch = *onednn().primitive_desc_query_md(product.get(), dnnl_query_scratchpad_md, 0);
  dnnl_primitive_t made = nullptr;
  check(onednn().primitive_create(&made, product.get()), "primitive_create");
  shape.primitive = {made, onednn().primitive_destroy};
  return shape;
}

struct Products : Onednn {
  explicit Products(bool one_digit) : engine(make_engine()) {
    const TeamOfOne team;
    for (uint32_t panel = kRowStep; panel <= kPanelRows; panel += kRowStep)
      shapes.push_back(make_shape(engine.get(), 1 + panel * (one_digit ? 1 : 2)));
  }
  uint64_t scratch_bytes() const override {
    uint64_t most = 0;
    for (const Shape& shape : shapes) most = std::max<uint64_t>(most, onednn().memory_desc_get_size(&shape.scratch));
    return kGemmScratch + most;
  }
  std::unique_ptr<OnednnThread> make_thread() const override;

  Owned<dnnl_engine_t> engine;
  std::vector<Shape> shapes;  // [kShapes]
};

class ThreadOfProducts : public OnednnThread {
 public:
  explicit ThreadOfProducts(const Products& products)
      : products_(products),
        stream_(make_stream(products.engine.get())),
        weights_(make_memory(products.engine.get(), weights_of_block())) {
    for (const Shape& shape : products.shapes)
      memories_.push_back({make_memory(products.engine.get(), shape.digits),
                           make_memory(products.engine.get(), shape.sums),
                           make_memory(products.engine.get(), shape.scratch)});
  }

  bool tile(const Kernels& kernels, const Matrix& w, const Rows& rows, uint32_t n_begin, uint32_t n_end, float* y,
            uint64_t stride, char* scratch) override {
    const TeamOfOne team;
    shape_ = (rows.count + kRowStep - 1) / kRowStep - 1;
    failed_ = false;
    point(memories_[shape_].scratch, scratch + kGemmScratch);
    const Gemm gemm{&multiply, this, (shape_ + 1) * kRowStep};
    kernels.tile_gemm(w, rows, n_begin, n_end, y, stride, gemm, scratch);
    return !failed_;
  }

 private:
  struct Memories {
    Owned<dnnl_memory_t> digits, sums, scratch;
  };

  static void multiply(void* context, const uint8_t* digits, const int8_t* weights, int32_t* sums) {
    static_cast<ThreadOfProducts*>(context)->multiply(digits, weights, sums);
  }
  void multiply(const uint8_t* digits, const int8_t* weights, int32_t* sums) {
    if (failed_) return;
    const Memories& m = memories_[shape_];
    point(m.digits, digits), point(weights_, weights), point(m.sums, sums);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, m.digits.get()},
                                         {DNNL_ARG_WEIGHTS, weights_.get()},
                                         {DNNL_ARG_DST, m.sums.get()},
                                         {DNNL_ARG_SCRATCHPAD, m.scratch.get()}};
    keep(onednn().primitive_execute(products_.shapes[shape_].primitive.get(), stream_.get(), 4, arguments));
  }
  // The library's memories are not const, and it writes to the sums and the scratch alone.
  void point(const Owned<dnnl_memory_t>& memory, const void* bytes) {
    keep(onednn().memory_set_data_handle(memory.get(), const_cast<void*>(bytes)));
  }
  void keep(dnnl_status_t status) { failed_ = failed_ || status != dnnl_success; }

  const Products& products_;
  Owned<dnnl_stream_t> stream_;
  Owned<dnnl_memory_t> weights_;
  std::vector<Memories> memories_;  // [kShapes]
  uint32_t shape_ = 0;              // of the tile
  bool failed_ = false;
};

std::unique_ptr<OnednnThread> Products::make_thread() const {
  return std::make_unique<ThreadOfProducts>(*this);
}

}  // namespace

std::unique_ptr<Onednn> open_onednn(bool one_digit) {
  // Below, 8-bit products are added in 16 bits, which saturate.
  constexpr int kVnni = dnnl_cpu_isa_avx512_core_vnni;
  if ((onednn().get_effective_cpu_isa() & kVnni) != kVnni)
    refuse(GROK1_E_UNSUPPORTED,
           "gemm=onednn: oneDNN's integers are exact with AVX-512 VNNI or AMX only, which it does "
           "not find here");
  return std::make_unique<Products>(one_digit);
}

}  // namespace grok1::cpu
