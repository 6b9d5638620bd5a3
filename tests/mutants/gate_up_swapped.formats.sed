# linear_v taken for the gate and linear for the up projection.
# in: core/formats/xai_names.cpp
s/{TensorRole::kGate, "moe\/linear"/{TensorRole::kUp, "moe\/linear"/
s/{TensorRole::kUp, "moe\/linear_v"/{TensorRole::kGate, "moe\/linear_v"/
