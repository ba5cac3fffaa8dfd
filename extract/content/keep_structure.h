// What the scores alone leave out of a text that is kept: its tables of data, its code, its definitions and the
// headings above what is kept. Their words are few, or numbers, or a program's, and say little by themselves.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "extract/content/blocks.h"
#include "extract/content/main_content.h"

namespace ftok::html {

// Adds to `keep`, one truth value a block; `choice` has the scores.
void keep_structure(const PageBlocks& page, const ContentChoice& choice, std::vector<uint8_t>& keep);

// Whether a block says that something follows: "in these formats:".
bool announces(std::string_view text);

// The mean score, by letters, that a list or the like needs to be kept because the text before announces it.
constexpr double kAnnouncedScoreMin = 0.2;

// The outermost table around a container; 0 where there is none.
uint32_t table_around(const PageBlocks& page, uint32_t container);

}  // namespace ftok::html
