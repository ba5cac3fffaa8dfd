// Reads the packed test data: .tar.zst archives and .jsonl.zst lines.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace ftok::testing {

// The whole of a zstd file, windows up to 128 MiB.
std::string read_zstd(const std::string& path);

// Regular files of a ustar archive by name.
std::map<std::string, std::string> read_tar(const std::string& bytes);

// The lines of a text that are not empty.
std::vector<std::string> lines_of(const std::string& text);

// One string field of each JSON line; lines without it give "".
std::vector<std::string> json_fields(const std::string& lines, const char* field);

}  // namespace ftok::testing
