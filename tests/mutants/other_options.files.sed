# convert: goes on with a conversion that was begun with other options.
# in: core/convert/journal.cpp
s/if (fingerprint_->output != wanted.output) .*//
