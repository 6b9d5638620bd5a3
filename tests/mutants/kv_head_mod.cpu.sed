# Query head h reads kv head h mod kv_heads instead of h / group.
# in: backends/cpu/attention.cpp
/rotate(c, row, s\.q + head \* c\.dim, s\.rotated/i\
    const uint64_t slot = uint64_t{row} * heads + h % c.kv_heads * c.group + h / c.kv_heads;
s/rotate(c, row, s\.q + head \* c\.dim, s\.rotated + head \* c\.width);/rotate(c, row, s.q + head * c.dim, s.rotated + slot * c.width);/
s/std::fill(s\.rotated + head \* c\.width + c\.dim, s\.rotated + (head + 1) \* c\.width, 0\.0f);/std::fill(s.rotated + slot * c.width + c.dim, s.rotated + (slot + 1) * c.width, 0.0f);/
s/(uint64_t{u\.row} \* c\.kv_heads \* c\.group + u\.head + h) \* c\.dim;/(uint64_t{u.row} * c.kv_heads * c.group + (u.head + h) % c.group * c.kv_heads + (u.head + h) \/ c.group) * c.dim;/
