# convert: the first shard gets its name first.
# in: core/convert/part_files.cpp
s/targets_.rbegin(); target != targets_.rend()/targets_.begin(); target != targets_.end()/
