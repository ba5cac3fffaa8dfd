// Lines, characters and duplicates as the quality filters count them. All views are into the argument; all functions
// are thread-safe and linear. Lengths are in code points ("characters"); text is UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ftok {

class IndexTable;

// Code points: the bytes that do not continue another.
size_t char_count(std::string_view text);

// Without the white space (Python's, text/words.h) at the ends, at the front, at the end.
std::string_view strip(std::string_view text);
std::string_view strip_front(std::string_view text);
std::string_view strip_back(std::string_view text);

// Pieces between single '\n': one more than there are newlines.
void split_at_newlines(std::string_view text, std::vector<std::string_view>& lines);

// Pieces between runs of at least `run_min` '\n'; empty at an end where the text starts or ends with such a run.
void split_at_newline_runs(std::string_view text, size_t run_min, std::vector<std::string_view>& pieces);

// Lines as Python's str.splitlines has them: ended by \n, \r, \r\n, \v, \f, 1C, 1D, 1E, U+0085, U+2028, U+2029; no
// empty line after the last end.
void split_lines(std::string_view text, std::vector<std::string_view>& lines);

// How often `needle` occurs, without overlaps, from the left.
size_t count_occurrences(std::string_view text, std::string_view needle);

// Parts: runs of letters, marks and digits, and every other character that is not white space. Cheap to count, and a
// bound on the words that any rule may find: each word has a part of its own, but for the few that are cut inside a run
// ("can|not").
size_t part_count(std::string_view text);

// Pieces that equal an earlier one: how many, and their characters in all.
struct Duplicates {
  size_t pieces = 0;
  size_t chars = 0;
};
Duplicates find_duplicates(const std::vector<std::string_view>& pieces);
// The same with the caller's table.
Duplicates find_duplicates(const std::vector<std::string_view>& pieces, IndexTable& table);

}  // namespace ftok
