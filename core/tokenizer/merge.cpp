#include "core/tokenizer/merge.h"

#include <algorithm>
#include <queue>

#include "core/tokenizer/utf8.h"
#include "grok1.h"

namespace grok1 {
namespace {

struct Symbol {
  std::string_view text;   // empty once it was merged into its left neighbour
  int32_t previous, next;  // -1: none
  bool frozen;             // a user-defined piece: never merged
};

struct Candidate {
  float score;
  int32_t left, right;
  uint32_t size;  // bytes of both; if theirs have changed since, the candidate is void
};

// The best score on top, the leftmost of equals.
struct Worse {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.score < b.score || (a.score == b.score && a.left > b.left);
  }
};

class Merger {
 public:
  explicit Merger(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  std::vector<Segment> run(std::string_view text) {
    split(text);
    for (int32_t i = 1; i < static_cast<int32_t>(symbols_.size()); ++i) consider(i - 1, i);
    while (!agenda_.empty()) {
      const Candidate best = agenda_.top();
      agenda_.pop();
      if (is_current(best)) apply(best);
    }
    std::vector<Segment> segments;
    for (int32_t i = symbols_.empty() ? -1 : 0; i >= 0; i = at(i).next) resegment(at(i).text, segments);
    return segments;
  }

 private:
  Symbol& at(int32_t index) { return symbols_[static_cast<size_t>(index)]; }

  void split(std::string_view text) {
    symbols_.reserve(text.size());
    while (!text.empty()) {
      const size_t matched = vocabulary_.user_defined.match(text);
      // Normalised text is UTF-8: its pieces are, and what was not has become U+FFFD.
      const size_t size = matched != 0 ? matched : std::max<size_t>(1, utf8_length(text));
      const auto index = static_cast<int32_t>(symbols_.size());
      symbols_.push_back({text.substr(0, size), index - 1, index + 1, matched != 0});
      text.remove_prefix(size);
    }
    if (!symbols_.empty()) symbols_.back().next = -1;
  }

  void consider(int32_t left, int32_t right) {
    if (left < 0 || right < 0 || at(left).frozen || at(right).frozen) return;
    const size_t size = at(left).text.size() + at(right).text.size();
    if (size > vocabulary_.longest_piece) return;
    const std::string_view joined(at(left).text.data(), size);
    const auto found = vocabulary_.mergeable.find(joined);
    if (found == vocabulary_.mergeable.end()) return;
    const Tokenizer::Piece& piece = vocabulary_.pieces[static_cast<size_t>(found->second)];
    agenda_.push({piece.score, left, right, static_cast<uint32_t>(size)});
    if (piece.kind == GROK1_PIECE_UNUSED) parts_[joined] = {at(left).text, at(right).text};
  }

  bool is_current(const Candidate& candidate) {
    const Symbol &left = at(candidate.left), &right = at(candidate.right);
    return !left.text.empty() && !right.text.empty() && left.text.size() + right.text.size() == candidate.size;
  }

  void apply(const Candidate& candidate) {
    Symbol &left = at(candidate.left), &right = at(candidate.right);
    left.text = {left.text.data(), candidate.size};
    left.next = right.next;
    if (right.next >= 0) at(right.next).previous = candidate.left;
    right.text = {};
    consider(left.previous, candidate.left);
    consider(candidate.left, left.next);
  }

  // An unused piece may serve on the way to longer ones but is never given out: it comes apart again, as it was last
  // seen to be put together.
  void resegment(std::string_view text, std::vector<Segment>& segments) {
    pending_.push_back(text);
    while (!pending_.empty()) {
      const std::string_view part = pending_.back();
      pending_.pop_back();
      const auto found = vocabulary_.mergeable.find(part);
      const int32_t id = found == vocabulary_.mergeable.end() ? vocabulary_.unk_id : found->second;
      const auto split = vocabulary_.is(id, GROK1_PIECE_UNUSED) ? parts_.find(part) : parts_.end();
      if (split == parts_.end()) {
        segments.push_back({part, id});
        continue;
      }
      pending_.push_back(split->second.second);
      pending_.push_back(split->second.first);
    }
  }

  const Vocabulary& vocabulary_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate, std::vector<Candidate>, Worse> agenda_;
  std::unordered_map<std::string_view, std::pair<std::string_view, std::string_view>> parts_;
  std::vector<std::string_view> pending_;
};

}  // namespace

std::vector<Segment> merge(const Vocabulary& vocabulary, std::string_view normalized) {
  return Merger(vocabulary).run(normalized);
}

}  // namespace grok1
