# convert: a torn line of the journal counts.
# in: core/convert/journal.cpp
s/== line.substr(0, 17) ? text : std::string_view();/== line.substr(0, 17) ? text : text;/
