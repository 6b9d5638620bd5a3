// Grok-1, whole: the operators in their order, each on the members that the division names. One member runs all of
// them; several sum y among themselves (staging.cpp) and hand h on where the next stage is at home elsewhere. What the
// operators mean is stated in grok1_backend.h.
#include "core/model/forward.h"

#include "core/model/operators.h"
#include "core/model/staging.h"

namespace grok1 {
namespace {

// The members of a pass, as one.
class Members {
 public:
  explicit Members(const Pass& pass) : pass_(pass), division_(pass.division()) {}

  void embed() const {  // h; x = norm(h)
    const Home& here = division_.homes[division_.head_home];
    on(here.first()).embed(first_norm(here.first(), 0));
    hand_on(here, 0);
  }

  void attention(size_t layer) const {  // y = attention(x)
    const Home& home = division_.home(layer);
    for (const uint32_t member : home.members) {
      division_.share(layer, member).attends() ? on(member).attention(layer) : on(member).clear_y();
    }
    sum_in_group(pass_, division_.layers[layer].home);
  }

  void add_norm_to_route(size_t layer) const {  // h += norm(y); x = norm(h)
    for (const uint32_t member : division_.home(layer).members) on(member).add_norm_to_route(layer);
  }

  void moe_route(size_t layer) const {  // route = best experts and gates of x
    for (const uint32_t member : division_.home(layer).members) on(member).moe_route(layer);
  }

  void moe_experts(size_t layer) const {  // y = gated sum of the chosen experts of x
    sum_of_experts(pass_, layer);
    sum_in_group(pass_, division_.layers[layer].home);
  }

  void add_norm_to_next(size_t layer) const {  // h += norm(y); x = norm(h) where the next stage is
    const Home& home = division_.home(layer);
    for (const uint32_t member : home.members) {
      on(member).add_norm(on(member).layer(layer).post_moe_norm, first_norm(member, layer + 1));
    }
    hand_on(home, layer + 1);
  }

  void logits() const { on(division_.head()).logits(); }

 private:
  Operators on(uint32_t member) const { return {pass_, member}; }

  // The norm with which a stage begins, if this member is at its home.
  const WeightPtr* first_norm(uint32_t member, size_t stage) const {
    return division_.home(stage).has(member) ? &on(member).weights().first_norm(stage) : nullptr;
  }

  // h goes to the members of the stage's home that do not have it, and is normed there.
  void hand_on(const Home& from, size_t stage) const {
    for (const uint32_t member : division_.home(stage).members) {
      if (from.has(member)) continue;
      move_rows(pass_, from.first(), member);
      on(member).norm(on(member).weights().first_norm(stage));
    }
  }

  const Pass& pass_;
  const Division& division_;
};

}  // namespace

void forward(const Pass& pass, PassObserver& observer) {
  const Members run(pass);
  const auto n_layers = static_cast<uint32_t>(pass.division().layers.size());

  run.embed();
  observer.after(Stage::embed);
  for (uint32_t layer = 0; layer < n_layers; ++layer) {
    observer.before_layer(layer);
    run.attention(layer);
    observer.after(Stage::attention);
    run.add_norm_to_route(layer);
    observer.after(Stage::add_norm);
    run.moe_route(layer);
    observer.after(Stage::route);
    run.moe_experts(layer);
    observer.after(Stage::experts);
    run.add_norm_to_next(layer);
    observer.after(Stage::add_norm);
    observer.after_layer(layer);
  }
  if (!pass.wants_logits) return;
  run.logits();
  observer.after(Stage::logits);
}

}  // namespace grok1
