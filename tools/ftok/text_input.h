// Texts for the tokenizer's commands: standard input, text files, JSON Lines.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/byte_source.h"

namespace ftok::cli {

// All of a source; throws Error when it has more than `bytes_max`.
std::string read_all(ByteSource& source, uint64_t bytes_max = uint64_t{1} << 31);

// Calls `visit` for the string under `key` of each line of JSON Lines, or of each row of an array or a table, in order.
// Throws Error naming source and line where a line is not a JSON object, has no such string, is not UTF-8 or is longer
// than 1 GiB, and where the source is of a format that is refused.
void for_each_json_text(std::unique_ptr<ByteSource> source, const std::string& key,
                        const std::function<void(std::string_view)>& visit);

}  // namespace ftok::cli
