# TP shards: the down projection is joined along what it puts out.
# in: core/formats/hf_pieces.cpp
/case TensorRole::kUp: return Axis::kOuter;/i\    case TensorRole::kDown:
/^    case TensorRole::kAttentionOut:$/{n;s/.*/      return Axis::kInner;/}
