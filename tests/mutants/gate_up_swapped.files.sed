# SGLang names: w1 is taken for the up projection, w3 for the gate.
# in: core/formats/hf_names.cpp
s/experts\.E\.w1\.weight/experts.E.W3.weight/;s/experts\.E\.w3\.weight/experts.E.w1.weight/;s/experts\.E\.W3\.weight/experts.E.w3.weight/
