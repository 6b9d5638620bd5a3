# Query head h reads kv head h mod kv_heads instead of h / group.
# in: backends/reference/attention.cpp
s/attend(step, layer, kv, r, h \/ group, q/attend(step, layer, kv, r, h % (layer.kv_head_end - layer.kv_head_begin), q/
