// Texts for the tokenizer's commands: standard input, text files, JSON Lines.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "core/byte_source.h"

namespace ftok::cli {

// All of a source; throws Error when it has more than `bytes_max`.
std::string read_all(ByteSource& source, uint64_t bytes_max = uint64_t{1} << 31);

// The text of a file, unpacked; "-" is standard input. Throws Error where it is no text: Parquet, an archive, a
// picture; `instead` says what reads such files.
std::string read_one_text(const std::string& path, std::string_view instead = "");

// Throws Error where the bytes of `file` are no page: a picture, an archive, and rows of texts (JSON Lines, Parquet),
// which an HTML parser would take for one; `instead` says what reads rows.
void refuse_no_page(const std::string& file, std::string_view bytes, std::string_view instead);

// Calls `visit` for each line of JSON Lines, or each row of an array or a table, in order: an object. What it throws is
// thrown with source and line before it. Throws Error naming source and line where a line is not a JSON object, is not
// UTF-8 or is longer than 1 GiB, and where the source is of a format that is refused.
void for_each_json_object(std::unique_ptr<ByteSource> source, const std::string& text_key,
                          const std::function<void(simdjson::dom::element)>& visit);

// The same with each line's number, from 1.
void for_each_json_line(std::unique_ptr<ByteSource> source, const std::string& text_key,
                        const std::function<void(uint64_t number, simdjson::dom::element)>& visit);

// The same for the string under `key` of each; throws Error where one has none.
void for_each_json_text(std::unique_ptr<ByteSource> source, const std::string& key,
                        const std::function<void(std::string_view)>& visit);

}  // namespace ftok::cli
